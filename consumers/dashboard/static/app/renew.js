// Changes what is shown into what should be shown, in place: focus, hover and selection survive a number that changes.

/** Makes the children of `element` like `children`; these carry no listeners, as only their look is taken over. */
export function renew(element, ...children) {
  const news = children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
  news.forEach((child, index) => {
    const old = element.childNodes[index];
    if (old === undefined) {
      element.append(child);
    } else {
      match(old, typeof child === "string" ? document.createTextNode(child) : child);
    }
  });
  while (element.childNodes.length > news.length) {
    element.lastChild.remove();
  }
}

function match(old, fresh) {
  if (old.nodeName !== fresh.nodeName) {
    old.replaceWith(fresh);
  } else if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== fresh.data) {
      old.data = fresh.data;
    }
  } else if (!old.isEqualNode(fresh)) {
    matchAttributes(old, fresh);
    renew(old, ...fresh.childNodes);
  }
}

function matchAttributes(old, fresh) {
  for (const { name } of [...old.attributes]) {
    if (name !== "style" && !fresh.hasAttribute(name)) {
      old.removeAttribute(name);
    }
  }
  for (const { name, value } of fresh.attributes) {
    // The policy forbids the attribute, not the property.
    if (name === "style") {
      old.style.cssText = fresh.style.cssText;
    } else if (old.getAttribute(name) !== value) {
      old.setAttribute(name, value);
    }
  }
}
