// Loads the page again when it would show something else. Without it the page is the same, but stands still.
(function () {
  "use strict";
  var source, timer, path = main().dataset.events;
  if (!path || !window.EventSource) return;

  function main() { return document.getElementById("main"); }

  // Where somebody is: the element itself by its id, else by its place among its kind.
  function place(element) {
    if (!element || !main().contains(element) || element === main()) return null;
    if (element.id) return "#" + CSS.escape(element.id);
    var parts = [];
    while (element !== main()) {
      parts.unshift(":nth-child(" + (1 + Array.prototype.indexOf.call(element.parentNode.children, element)) + ")");
      element = element.parentNode;
    }
    return "#main > " + parts.join(" > ");
  }

  // What somebody has begun to write, or to choose, is theirs.
  function isWriting() {
    return Array.prototype.some.call(main().querySelectorAll("input:not([type=hidden]), select"), function (field) {
      return field === document.activeElement ||
        (field.tagName === "SELECT" ? !field.options[field.selectedIndex].defaultSelected && field.selectedIndex > 0
          : field.value !== field.defaultValue);
    });
  }

  function show(text) {
    var fresh = new DOMParser().parseFromString(text, "text/html"), next = fresh.getElementById("main");
    if (!next) return;
    var x = window.scrollX, y = window.scrollY, focused = place(document.activeElement);
    main().replaceWith(document.importNode(next, true));
    var found = focused && document.querySelector(focused);
    if (found) found.focus({ preventScroll: true });
    window.scrollTo(x, y);
    var state = document.getElementById("overall"), now = fresh.getElementById("overall");
    if (state && now && state.textContent !== now.textContent) {
      state.textContent = now.textContent;
      state.className = now.className;
    }
    document.title = fresh.title;
  }

  function load() {
    timer = null;
    if (isWriting()) { later(5000); return; }
    fetch(location.href, { credentials: "same-origin", cache: "no-store" }).then(function (answer) {
      return answer.ok ? answer.text().then(show) : null;
    }).catch(function () {});
  }

  function later(most) { if (!timer) timer = setTimeout(load, Math.random() * most); }

  function listen() {
    source = new EventSource(path);
    source.onmessage = function (event) {
      if (event.data && event.data !== main().dataset.digest) later(1000);
    };
  }

  function begin() {
    document.addEventListener("visibilitychange", function () {
      source.close();
      if (!document.hidden) { listen(); }
    });
    listen();
  }

  // The page is fresh: it is shown first.
  setTimeout(begin, 1000);
})();
