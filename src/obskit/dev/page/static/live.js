"use strict";

// Rows come as HTML in which the server has escaped everything that was received.
(() => {
  const list = document.getElementById("stories");
  const state = document.getElementById("live");
  const search = document.getElementById("text");
  const most = 50;

  document.addEventListener("keydown", (pressed) => {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName);
    if (pressed.key === "/" && search && !typing) {
      pressed.preventDefault();
      search.focus();
    }
  });

  if (!list || !list.dataset.events || !window.EventSource) return;

  function place(row) {
    const old = document.getElementById(row.id);
    if (old) {
      const focused = old.contains(document.activeElement);
      old.replaceWith(row);
      if (focused) row.querySelector("a").focus();
      return;
    }
    const number = Number(row.dataset.number);
    const below = Array.from(list.rows).find((other) => Number(other.dataset.number) < number);
    if (!below && list.rows.length >= most) return;
    list.insertBefore(row, below || null);
    if (list.rows.length > most) list.rows[list.rows.length - 1].remove();
  }

  const source = new EventSource(list.dataset.events);
  source.onopen = () => { state.textContent = "Live."; };
  source.onerror = () => {
    state.textContent = source.readyState === EventSource.CLOSED
      ? "Not live: reload the page."
      : "Not live: obskit dev does not answer.";
  };
  source.onmessage = (message) => {
    const holder = document.createElement("template");
    holder.innerHTML = message.data;
    const none = document.getElementById("none");
    if (none) none.remove();
    place(holder.content.querySelector("tr"));
  };
})();
