"use strict";

// Rows come as HTML in which the server has escaped everything that was received.
(() => {
  const list = document.getElementById("stories");
  const state = document.getElementById("live");
  const search = document.getElementById("text");
  const services = document.getElementById("services");
  const most = 50;

  document.addEventListener("keydown", (pressed) => {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName);
    if (pressed.key === "/" && search && !typing) {
      pressed.preventDefault();
      search.focus();
    }
  });

  if (!list || !list.dataset.events || !window.EventSource) return;

  function held(message) {
    const holder = document.createElement("template");
    holder.innerHTML = message.data;
    return holder.content.firstElementChild;
  }

  // Who sends for the first time can be looked for.
  function offer(service) {
    const known = Array.from(services.options).some((one) => one.value === service.value);
    if (!known) services.add(new Option(service.textContent, service.value));
  }

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
    const none = document.getElementById("none");
    if (none) none.remove();
    const row = held(message);
    row.querySelectorAll(".service").forEach(offer);
    place(row);
  };
  source.addEventListener("kept", (message) => {
    const kept = held(message);
    document.getElementById("kept").replaceWith(kept);
    const none = document.getElementById("none");
    if (none && kept.dataset.stories !== "0") none.textContent = "Nothing matches.";
  });
})();
