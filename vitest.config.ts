import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Child processes and not threads: tests change the working folder and the umask, which threads may not.
    pool: 'forks',
    maxWorkers: 2,
    // Only against hanging: an old laptop with a slow disk is no failure.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      reporter: ['text', 'html', 'json-summary'],
    },
  },
});
