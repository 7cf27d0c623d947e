/** What tooltips of charts are made of. */
const GAP = 14;

export function element(tag: string, className: string | undefined, text = ""): HTMLElement {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}

/** Beside the pointer, on the side that has room, inside the window. */
export function placeBox(box: HTMLElement, over: HTMLElement, left: number, top: number): void {
  const area = over.getBoundingClientRect();
  const [x, y] = [area.left + left, area.top + top];
  const isLeft = x + GAP + box.offsetWidth > window.innerWidth;
  box.style.left = `${Math.max(4, isLeft ? x - GAP - box.offsetWidth : x + GAP)}px`;
  box.style.top = `${Math.max(4, Math.min(y + GAP, window.innerHeight - box.offsetHeight - 4))}px`;
}
