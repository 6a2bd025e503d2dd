// Elements, made without a word of HTML: whatever a text says, it stays a text.

/** Makes an element: attributes, 'on…' listeners, properties such as value and disabled, then its children; a string is a text node. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) {
      made.addEventListener(name.slice(2), value);
    } else if (typeof value === 'boolean' || name === 'value') {
      made[name] = value;
    } else if (value !== null && value !== undefined) {
      made.setAttribute(name, value);
    }
  }

  made.append(...children.filter(child => child !== null && child !== undefined));
  return made;
}

/** A labelled control; the hint is read out with it. */
export function field(label, control, hint) {
  const id = control.id ||= `field-${field.count = (field.count ?? 0) + 1}`;
  const parts = [element('label', { for: id }, label), control];
  if (hint) {
    control.setAttribute('aria-describedby', `${id}-hint`);
    parts.push(element('small', { id: `${id}-hint` }, hint));
  }

  return element('div', { class: 'field' }, ...parts);
}

/** Hands a file to the browser to keep. */
export function save(blob, name) {
  const url = URL.createObjectURL(blob);
  element('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
