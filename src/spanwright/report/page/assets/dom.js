// Makes elements. Text only ever becomes a text node, and attributes that could run something are refused.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) {
      if (typeof value !== "function") throw new TypeError(`${name} takes a function`);
      element.addEventListener(name.slice(2), value);
    } else if (name === "style") {
      for (const [property, setting] of Object.entries(value)) element.style.setProperty(property, setting);
    } else if (name === "href" && !String(value).startsWith("#")) {
      throw new TypeError("links lead to places on this page only");
    } else {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false) continue;
    element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return element;
}

export function h(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

export function replace(element, ...children) {
  element.replaceChildren();
  return fill(element, {}, children);
}

/** A text of anybody's: as it is, in the direction that it is written in, folded where it is long. */
export function prose(text, { longest = 1600, className = "prose" } = {}) {
  const box = h("div", { class: className, dir: "auto" });
  const show = (whole) => {
    const shown = whole || text.length <= longest ? text : text.slice(0, longest);
    replace(box, h("div", { class: "text" }, shown));
    if (text.length > longest) {
      const label = whole ? "Show less" : `Show all ${text.length.toLocaleString("en")} characters`;
      box.append(h("button", { class: "link", type: "button", onclick: () => show(!whole) }, label));
    }
  };
  show(false);
  return box;
}

export function copying(text, what) {
  const button = h("button", { class: "quiet", type: "button", "aria-label": `Copy ${what}` }, "Copy");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // A file that was opened from a disk may have no clipboard: select the text of a field instead.
      const field = h("textarea", { class: "aside" }, text);
      document.body.append(field);
      field.select();
      document.execCommand("copy");
      field.remove();
    }
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1600);
  });
  return button;
}
