"use strict";
// Elements for what a page shows. Texts become text nodes, never markup.

function byId(id) {
  return document.getElementById(id);
}

function dataOf(id) {
  return JSON.parse(byId(id).textContent);
}

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

function button(attributes, onPress, ...children) {
  const element = make("button", { type: "button", ...attributes }, ...children);
  element.addEventListener("click", onPress);
  return element;
}

function press(element, pressed) {
  element.setAttribute("aria-pressed", String(pressed));
}
