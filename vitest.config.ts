import { defineConfig } from 'vitest/config';

/**
 * Files with a process of their own: they change or watch what belongs to a whole process (its user, its open files, its
 * memory), or spend their time in processes that they start themselves.
 */
const ALONE = [
  'test/e2e/**/*.test.ts',
  'test/rescue/**/*.test.ts',
  'test/backup/posix/**/*.test.ts',
  'test/backup/archive/compress.test.ts',
  'test/backup/crypto/slot.test.ts',
  'test/backup/operations/backup/as-another-user.test.ts',
  'test/backup/operations/backup/failures.test.ts',
  'test/backup/operations/restore/kill.test.ts',
  'test/backup/operations/restore/restore-operation.test.ts',
  'test/backup/sources/command/run-command.test.ts',
  'test/backup/sources/folder/walk.test.ts',
  'test/pictures/picture-painter.test.ts',
];

export default defineConfig({
  test: {
    // Child processes and not threads: tests act as another user, which a thread may not.
    pool: 'forks',
    // One more than the cores of a small machine: tests also wait, for disks and for each other's processes.
    maxWorkers: 3,
    globalSetup: 'test/helpers/temporary-folder.ts',
    setupFiles: ['test/helpers/compile-cache.ts'],
    // Only against hanging: an old laptop with a slow disk is no failure.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000 } },
    // In the order of their names: the long files first, so that at the end no core is left without work.
    projects: [
      { extends: true, test: { name: 'alone', include: ALONE } },
      // A new process for each of the many small files would take longer than most of them do.
      { extends: true, test: { name: 'together', include: ['test/**/*.test.ts'], exclude: ALONE, isolate: false } },
    ],
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      reporter: ['text', 'html', 'json-summary'],
    },
  },
});
