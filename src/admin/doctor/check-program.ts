import { doubt, type Finding, ok, problem } from './finding.ts';

const LEAST_NODE = 24;

/** Whether Node is new enough, and system calls can be made as exactly as the machine allows. */
export function checkProgram(node: string, nativeProblem: () => string | undefined): Finding[] {
  const major = Number(/^v(\d+)/.exec(node)?.[1]);
  const native = nativeProblem();
  return [
    major >= LEAST_NODE
      ? ok('program', `Node ${node}`)
      : problem('program', `Node ${node} is too old`, `Use Node ${LEAST_NODE} or later.`),
    native === undefined
      ? ok('program', 'Files are read and written by the system’s own calls')
      : doubt(
          'program',
          `koffi cannot be used (${native}): extended attributes, ACLs and nanoseconds are lost`,
          'Install the package koffi, and let the process load it.',
        ),
  ];
}
