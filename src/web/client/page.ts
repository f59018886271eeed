/** What scripts add to every page: buttons that copy, and what the clock of this device says. */

function copyButtons(): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>('button[data-copy][hidden]'))
    button.hidden = false;
}

document.addEventListener('click', (event) => {
  const button =
    event.target instanceof Element ? event.target.closest<HTMLButtonElement>('button[data-copy]') : null;
  if (button !== null) void copy(button);
});

async function copy(button: HTMLButtonElement): Promise<void> {
  const words = await navigator.clipboard.writeText(button.dataset['copy'] ?? '').then(
    () => 'Copied',
    () => 'Select it and copy',
  );
  button.textContent = words;
  setTimeout(() => (button.textContent = 'Copy'), 2_000);
}

/** Times are the server's; whoever sits in another zone is told what the own clock shows. */
function yourClock(): void {
  const shown = document.getElementById('your-clock');
  const zone = document.querySelector<HTMLElement>('[data-zone]')?.dataset['zone'];
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (shown === null || zone === undefined) return;
  const clockIn = (timeZone: string): string =>
    new Date().toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit', timeZone });
  const differs = clockIn(zone) !== clockIn(here);
  shown.textContent = differs
    ? `There it is ${clockIn(zone)} now; on this device ${clockIn(here)} (${here}).`
    : '';
}

copyButtons();
yourClock();
setInterval(yourClock, 30_000);
document.addEventListener('parts', copyButtons);
