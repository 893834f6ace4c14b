import { HoldfastError } from '../shared/errors.ts';
import { type AuditAnchor, type AuditReport, breakText, verifyAudit } from '../state/verify-audit.ts';
import { count } from '../view/value.ts';
import { bad, good, stack, type View, warning } from '../view/view.ts';
import { type CommandContext, defineCommand } from './command.ts';
import { auditAnchors } from './parts/audit-anchors.ts';
import { auditFolderOf, stateField } from './parts/audit-folder.ts';

/** Where no repository is named, or none answers, the chain alone is looked at, and that is said. */
async function anchorsOf(context: CommandContext): Promise<{ anchors?: AuditAnchor[]; notices: string[] }> {
  try {
    const repository = await context.repository();
    return { anchors: auditAnchors(await repository.facts()), notices: [] };
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    const notice = `Not compared with what snapshots have seen: ${error.message}`;
    return { notices: [notice] };
  }
}

/** A log that stands here whole says nothing of one that stood here before it. */
function verdict({ entries, files, breaksTotal, missing }: AuditReport): View {
  if (breaksTotal > 0) return bad('The audit log is not as it was written: ', count(breaksTotal, 'break'));
  const held = [count(entries, 'entry', 'entries'), ' in ', count(files, 'file')];
  if (missing.length === 0) return good('The audit log is whole: ', ...held);
  return warning('The audit log is whole, but an earlier one is missing: ', ...held);
}

const present = (report: AuditReport): View => {
  const { head, breaks, breaksTotal, anchors, notices } = report;
  return stack(
    verdict(report),
    breaks.length === 0 ? undefined : { kind: 'list', items: breaks.map(breakText), total: breaksTotal, tone: 'bad' },
    {
      kind: 'fields',
      fields: [
        ['Newest entry', head === null ? 'none' : `${head.seq} of ${head.time}`],
        ['Digest', head?.digest ?? 'none'],
        ['Snapshots that agree', anchors === null ? 'not asked' : String(anchors)],
      ],
    },
    notices.length === 0 ? undefined : { kind: 'list', items: notices, tone: 'quiet' },
  );
};

export const auditVerify = defineCommand({
  name: 'audit verify',
  summary: 'Prove that the audit log is as it was written, and say where it is not',
  details: [
    'Each entry holds the digest of the one before: what was changed, moved, put in or taken out shows with file and line. The newest entry is written into each snapshot that the bot takes, so that with a repository a log that was cut off or made anew as a whole shows, too.',
    'It reads the files itself, whether or not the bot runs. Exit status 13 when something is wrong, 3 where the log is whole but snapshots of this machine name an earlier one that is not there.',
  ],
  examples: ['audit verify --config holdfast.yaml', 'audit verify --state ./state'],
  input: { state: stateField },
  access: 'owner',
  destructive: false,
  json: {
    log: 'ID of the log, or null where there is none',
    entries: 'how many entries it has',
    files: 'how many files it is in',
    head: 'the newest entry, `{seq, digest, time}`, or null',
    breaks: 'array of `{file, line, what}`; the line is null where it is the file or its end',
    breaksTotal: 'how many breaks there are, where `breaks` holds only the first',
    anchors:
      'how many snapshots of this machine name an entry that is as they saw it; null where no repository was asked',
    missing: 'array of IDs of logs that snapshots of this machine name and that are not here',
    notices: 'array of strings',
  },
  async run(context, { state }): Promise<AuditReport> {
    const folder = auditFolderOf(context, state);
    const { anchors, notices } = await anchorsOf(context);
    const report = await verifyAudit(folder, { anchors });
    if (report.log === null && report.breaksTotal === 0) {
      throw new HoldfastError('not_found', `There is no audit log in ${folder}`, {
        advice: 'Name the state folder of the bot.',
      });
    }
    return { ...report, notices: [...notices, ...report.notices] };
  },
  present,
  outcome: ({ breaksTotal, missing }) => (breaksTotal > 0 ? 'damaged' : missing.length > 0 ? 'warnings' : undefined),
});
