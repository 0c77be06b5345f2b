// Builds what the page shows: elements and text nodes, never markup. So no text of a document can become a script.

const SVG = "http://www.w3.org/2000/svg";

/** Returns an element; functions in `attributes` are listeners by event name, null and false leave an attribute out. */
export function h(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

/** Returns an element of a drawing. */
export function svg(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") {
      element.addEventListener(name, value);
    } else {
      setAttribute(element, name, value);
    }
  }
  element.append(
    ...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false),
  );
  return element;
}

/** Sets an attribute only when it changes; null and false remove it. */
export function setAttribute(element, name, value) {
  if (value === null || value === undefined || value === false) {
    element.removeAttribute(name);
    return;
  }
  const text = value === true ? "" : String(value);
  if (element.getAttribute(name) !== text) {
    element.setAttribute(name, text);
  }
}

/** Sets the text only when it changes: a live region is read out at every change, and layout costs time. */
export function setText(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

/** Shows or hides an element. */
export function show(element, shown) {
  if (element.hidden === shown) {
    element.hidden = !shown;
  }
}

/** Returns a button that does `onPress`. */
export function button(label, onPress, attributes = {}) {
  return h("button", { type: "button", click: onPress, ...attributes }, label);
}

/** Returns a term and its value for a `dl`; nothing when there is no value. */
export function fact(term, ...value) {
  const values = value.filter((each) => each !== null && each !== undefined && each !== "");
  return values.length === 0 ? [] : [h("dt", {}, term), h("dd", {}, ...values)];
}

/** Returns a function that runs `work` once in the next animation frame, however often it is called before. */
export function perFrame(work) {
  let waiting = false;
  return () => {
    if (!waiting) {
      waiting = true;
      requestAnimationFrame(() => {
        waiting = false;
        work();
      });
    }
  };
}
