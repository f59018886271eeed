/**
 * Makes an element look like a piece of markup and keeps what is alike: what has the focus keeps it, what is selected stays selected, and a screen reader
 * is told of nothing that has not changed.
 */
export function morph(element: Element, markup: string): void {
  const wanted = document.createElement('template');
  wanted.innerHTML = markup;
  morphChildren(element, wanted.content);
}

function morphChildren(parent: ParentNode & Node, wanted: ParentNode & Node): void {
  const next = [...wanted.childNodes];
  const byId = new Map(
    [...parent.childNodes].flatMap((node) => (idOf(node) === '' ? [] : [[idOf(node), node]])),
  );
  next.forEach((want, at) => {
    const named = idOf(want) === '' ? undefined : byId.get(idOf(want));
    const there = parent.childNodes[at];
    if (named !== undefined && named !== there) parent.insertBefore(named, there ?? null);
    const now = parent.childNodes[at];
    if (now === undefined) parent.appendChild(want);
    else if (!isAlike(now, want)) parent.replaceChild(want, now);
    else morphNode(now, want);
  });
  while (parent.childNodes.length > next.length) parent.lastChild?.remove();
}

const idOf = (node: Node): string => (node instanceof Element ? node.id : '');

const isAlike = (a: Node, b: Node): boolean => a.nodeName === b.nodeName && idOf(a) === idOf(b);

function morphNode(now: Node, want: Node): void {
  if (now instanceof Element && want instanceof Element) {
    // What a script has made of it is the script's.
    if (now.hasAttribute('data-kept')) return;
    for (const { name } of [...now.attributes])
      if (!want.hasAttribute(name) && !isReaders(now, name)) now.removeAttribute(name);
    for (const { name, value } of want.attributes)
      if (now.getAttribute(name) !== value && !isReaders(now, name)) now.setAttribute(name, value);
    morphChildren(now, want);
  } else if (now.nodeValue !== want.nodeValue) now.nodeValue = want.nodeValue;
}

/** What whoever reads the page has opened stays open; a button that a script has shown stays shown. */
const isReaders = (element: Element, name: string): boolean =>
  (name === 'open' && element instanceof HTMLDetailsElement) ||
  (name === 'hidden' && element.hasAttribute('data-copy'));
