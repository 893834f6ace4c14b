import { formatBytes } from '../shared/sizes.ts';
import { formatCount, formatTime } from '../view/units.ts';
import { type Block, holdfastBlocks, rescueBlocks } from './commands.ts';
import type { RunbookBackup, RunbookFacts, RunbookSource } from './facts.ts';
import { Html, html } from './html.ts';

/**
 * `full` is for the machine and for whoever runs it. `reduced` names no host, path or contact: it lies in stores that others may read.
 */
export type RunbookForm = 'full' | 'reduced';

const STYLE = new Html(`
:root{color-scheme:light}
*{box-sizing:border-box}
body{font:16px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif;color:#111;background:#fff;max-width:48rem;margin:0 auto;padding:1rem}
h1{font-size:1.6rem;line-height:1.2;margin:.5rem 0}
h2{font-size:1.25rem;margin:2rem 0 .5rem;border-bottom:2px solid #111;padding-bottom:.2rem}
h3{font-size:1rem;margin:1.2rem 0 .3rem}
pre{background:#f3f3f0;border:1px solid #bbb;border-radius:4px;padding:.6rem;overflow-x:auto;font:13px/1.45 ui-monospace,Menlo,Consolas,monospace;white-space:pre-wrap;overflow-wrap:anywhere;margin:.3rem 0}
dl{margin:.5rem 0}
dt{font-weight:600;margin-top:.5rem}
dd{margin:0;overflow-wrap:anywhere}
.first{border:2px solid #111;border-radius:4px;padding:.2rem 1rem;margin:1rem 0}
ol,ul{padding-left:1.4rem}
.quiet{color:#444}
@media print{body{max-width:none;padding:0;font-size:11pt}pre{font-size:9pt;break-inside:avoid}h2,h3{break-after:avoid}section{break-inside:auto}}
`);

/** The page that leads somebody who has the repository and the passphrase through a recovery. It needs no network, no script and no Holdfast. */
export function renderRunbook(facts: RunbookFacts, form: RunbookForm): string {
  const isFull = form === 'full';
  const location = isFull ? facts.repository.location : undefined;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Recovery runbook</title>
<style>${STYLE}</style>
</head>
<body>
<h1>Recovery runbook</h1>
<p class="quiet">Written on ${formatTime(facts.generated)} by ${facts.program}, after a backup had succeeded.${isFull ? '' : ' This copy names no machines, folders or people.'}</p>
${firstAid()}
${protectedThings(facts, isFull)}
${copies(facts, location)}
<section id="without-holdfast">
<h2>Recover without Holdfast</h2>
<p>You need the repository's folder (from a cloud store: all of it, with its folders as they are), the passphrase, and Node. Nothing is installed, and the repository is only read.
Stand in the repository's folder, or set <code>HOLDFAST_REPO</code> to it. What is restored goes to <code>~/restored</code>, or to <code>TARGET</code>. Run it as root where owners of files matter.</p>
${blocks(rescueBlocks(facts, location))}
<p>Lines that begin with <code>DAMAGED</code> or <code>LOST</code> name what is not whole; everything else has been restored. Exit status 0 means that all is well.</p>
</section>
<section id="with-holdfast">
<h2>Recover with Holdfast</h2>
<p>Install Holdfast on the new machine, and give it the passphrase by <code>HOLDFAST_PASSWORD_FILE</code> or when it asks.</p>
${blocks(holdfastBlocks(facts, location))}
</section>
${checking()}
${isFull && facts.contacts.length > 0 ? html`<section><h2>Whom to tell</h2><ul>${facts.contacts.map((contact) => html`<li>${contact}</li>`)}</ul></section>` : ''}
</body>
</html>
`;
  return page.text;
}

function firstAid(): Html {
  return html`<section class="first">
<h2>First</h2>
<ul>
<li><strong>A file was deleted or changed by mistake:</strong> restore it beside the original, compare, and copy it back. Nothing else needs to stop.</li>
<li><strong>A whole machine is lost:</strong> leave the repository as it is, work on a new machine, and restore into an empty folder first.</li>
<li><strong>Somebody broke in:</strong> take a copy of the repository before anything else, and choose a backup from before the break-in.</li>
<li><strong>The passphrase is lost:</strong> without it nobody can read the backups. Look for it in the other places where it was kept; there is no other way.</li>
</ul>
</section>`;
}

function protectedThings({ sources, host }: RunbookFacts, isFull: boolean): Html {
  return html`<section>
<h2>What is protected</h2>
${isFull ? html`<p>On ${host}.</p>` : ''}
${sources.map((source) => html`<h3>${source.name}</h3>${sourceFacts(source, isFull)}`)}
</section>`;
}

function sourceFacts({ paths, schedules, retention, newest, newestVerified }: RunbookSource, isFull: boolean): Html {
  const verified =
    newestVerified === undefined
      ? 'none yet'
      : html`${backup(newestVerified)}, checked on ${formatTime(newestVerified.verifiedAt)} (${newestVerified.depth})`;
  return html`<dl>
${isFull && paths.length > 0 ? html`<dt>Folders and files</dt>${paths.map((path) => html`<dd>${path}</dd>`)}` : ''}
<dt>Newest backup</dt><dd>${newest === undefined ? 'none yet' : backup(newest)}</dd>
<dt>Newest verified backup</dt><dd>${verified}</dd>
${schedules.length > 0 ? html`<dt>When</dt>${schedules.map((words) => html`<dd>${words}</dd>`)}` : ''}
${retention.length > 0 ? html`<dt>Kept</dt><dd>${retention.join(', ')}</dd>` : ''}
</dl>`;
}

const backup = ({ id, time, files, bytes }: RunbookBackup): Html =>
  html`<code>${id.slice(0, 16)}</code> of ${formatTime(time)}: ${formatCount(files)} files, ${formatBytes(bytes)}`;

function copies({ repository }: RunbookFacts, location: string | undefined): Html {
  const { id, fingerprint, rescue } = repository;
  return html`<section>
<h2>Where the copies are</h2>
<dl>
<dt>Repository</dt><dd>${location ?? 'this page lies in it'}</dd>
<dt>Its ID</dt><dd><code>${id}</code></dd>
<dt>Fingerprint of its keys</dt><dd><code>${fingerprint}</code></dd>
${rescue === undefined ? '' : html`<dt>SHA-256 of ${rescue.name}</dt><dd><code>${rescue.sha256}</code></dd>`}
</dl>
<p>Whoever can write to the store could have replaced that program, and with it steal the passphrase. Compare the checksum with a copy of this page that was kept elsewhere.</p>
</section>`;
}

function blocks(all: readonly Block[]): Html {
  return html`<ol>${all.map(({ title, lines }) => html`<li>${title}<pre><code>${lines.join('\n')}</code></pre></li>`)}</ol>`;
}

function checking(): Html {
  return html`<section>
<h2>Is the result right?</h2>
<ol>
<li>Both ways check every file against its checksum while they restore, and end with exit status 0 only when all are right.</li>
<li>Compare the number of files with the numbers above, and look at a few that you know.</li>
<li>Start what uses the data on a machine that nobody depends on, before you put it back into place.</li>
</ol>
</section>`;
}
