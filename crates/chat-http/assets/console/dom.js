// What all views need to build their part of the page: elements without markup in strings, so that nothing
// anybody says can become part of the page, and a way to tell people who do not see it what happened.

/**
 * An element with these properties and children. `class`, `for`, `role`, `spellcheck`, `tabindex` and names with a hyphen
 * are attributes, names that begin with `on` are listeners, everything else is a property.
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) {
      element.addEventListener(name.slice(2), value);
    } else if (name.includes("-") || ["class", "for", "role", "spellcheck", "tabindex"].includes(name)) {
      element.setAttribute(name, value);
    } else {
      element[name] = value;
    }
  }
  element.append(...children.flat().filter((child) => child !== undefined && child !== null && child !== false));
  return element;
}

export const byId = (id) => document.getElementById(id);

/** Says `text` to whoever listens to the page, without showing it. */
export function announce(text) {
  const place = byId("announcer");
  // Each one is a node of its own, so that the same words are said twice.
  place.append(h("p", {}, text));
  while (place.childElementCount > 20) {
    place.firstElementChild.remove();
  }
}

/** What went wrong, as the server says it, in one line for people. */
export function inWords(error) {
  return error.statusCode === undefined
    ? error.message
    : `Refused with statusCode ${error.statusCode}: ${error.statusMessage}`;
}

/** Milliseconds since 1970, as a time of this place. */
export function time(ms) {
  return new Date(ms).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

/** Keeps the end of `box` in sight while it changes or its content does, unless somebody has scrolled up. */
export function followEnd(box, content) {
  let isAtEnd = true;
  box.addEventListener("scroll", () => {
    isAtEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
  });
  const follow = () => {
    if (isAtEnd) box.scrollTop = box.scrollHeight;
  };
  const watch = new ResizeObserver(follow);
  watch.observe(box);
  watch.observe(content);
}

let last = 0;

/** An id that nothing else on the page has. */
export const newId = (word) => `${word}-${(last += 1)}`;
