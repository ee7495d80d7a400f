// Runs in a page around frames of several widths and notes what a person could not see in them.
"use strict";

const TOLERANCE = 1;

function describe(node) {
  const element = node.nodeType === Node.TEXT_NODE ? node.parentElement : node;
  const name = element.tagName + (element.className ? "." + (element.className.baseVal ?? element.className) : "");
  return name + " “" + node.textContent.trim().slice(0, 40) + "”";
}

// Whether the box cuts off or hides by scrolling what lies outside it, across and down.
function clips(style) {
  return [style.overflowX, style.overflowY].map((value) => value !== "visible");
}

function measure(frame) {
  const page = frame.contentDocument;
  const view = frame.contentWindow;
  const root = page.documentElement;
  const width = root.clientWidth;
  const found = { texts: 0, images: 0, missing: [], cut: [], beyond: [], overflow: root.scrollWidth - width };

  for (const image of page.images) {
    found.images += 1;
    if (!image.complete || image.naturalWidth === 0) {
      found.missing.push(describe(image) + " " + image.alt);
    }
  }

  for (const element of page.body.querySelectorAll("*")) {
    const box = element.getBoundingClientRect();
    if (box.width > 0 && (box.right > width + TOLERANCE || box.left < -TOLERANCE)) {
      found.beyond.push(describe(element));
    }
  }

  const texts = page.createTreeWalker(page.body, NodeFilter.SHOW_TEXT);
  const range = page.createRange();
  while (texts.nextNode()) {
    const text = texts.currentNode;
    range.selectNodeContents(text);
    const box = range.getBoundingClientRect();
    if (text.textContent.trim() === "" || box.width === 0) {
      continue;
    }
    found.texts += 1;
    for (let around = text.parentElement; around !== page.body; around = around.parentElement) {
      const style = view.getComputedStyle(around);
      const [across, down] = clips(style);
      const edge = around.getBoundingClientRect();
      const outsideAcross = box.right > edge.right + TOLERANCE || box.left < edge.left - TOLERANCE;
      const outsideDown = box.bottom > edge.bottom + TOLERANCE || box.top < edge.top - TOLERANCE;
      if ((across && outsideAcross) || (down && outsideDown)) {
        found.cut.push(describe(text));
        break;
      }
    }
  }
  return found;
}

function measureAll() {
  const results = [];
  for (const frame of document.querySelectorAll("iframe")) {
    const view = frame.contentWindow;
    const result = {
      width: view.innerWidth,
      dark: view.matchMedia("(prefers-color-scheme: dark)").matches,
      paper: view.getComputedStyle(frame.contentDocument.body).backgroundColor,
      ink: view.getComputedStyle(frame.contentDocument.body).color,
      whole: measure(frame),
    };
    const card = frame.contentDocument.querySelector("article.class");
    if (card !== null) {
      const image = card.querySelector("img");
      const before = image.clientWidth;
      view.location.hash = card.id;
      result.zoom = { before, after: image.clientWidth, whole: measure(frame) };
    }
    results.push(result);
  }
  const text = new TextEncoder().encode(JSON.stringify(results));
  document.getElementById("results").textContent = btoa(Array.from(text, (byte) => String.fromCharCode(byte)).join(""));
}

addEventListener("load", measureAll);
