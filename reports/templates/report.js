"use strict";
// Filter, search, copy and print. Without this script the page has the same content, all of it visible or foldable.
(() => {
  const form = document.querySelector(".filter");
  const findings = [...document.querySelectorAll(".finding")];
  const texts = new Map(findings.map((each) => [each, each.textContent.toLowerCase() + " " + each.dataset.command.toLowerCase()]));

  function wanted(finding) {
    const words = form.text.value.toLowerCase().split(/\s+/).filter(Boolean);
    return ["severity", "verdict", "command", "rule"].every((key) => !form[key].value || finding.dataset[key] === form[key].value)
      && words.every((word) => texts.get(finding).includes(word));
  }

  function apply() {
    let shown = 0;
    for (const finding of findings) {
      const keep = wanted(finding);
      finding.classList.toggle("filtered", !keep);
      shown += keep;
    }
    for (const group of document.querySelectorAll(".command, .severity")) {
      group.classList.toggle("filtered", !group.querySelector(".finding:not(.filtered)"));
    }
    form.querySelector("output").textContent = shown === findings.length
      ? `${shown} differences` : `${shown} of ${findings.length} differences`;
    document.querySelector(".nothing").hidden = shown > 0;
  }

  function showAll() { form.reset(); }

  if (form) {
    form.hidden = false;
    form.addEventListener("input", apply);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(apply));
    document.querySelector(".again").addEventListener("click", showAll);
    const unfold = form.querySelector(".unfold");
    unfold.addEventListener("click", () => {
      const open = unfold.textContent === "Unfold all";
      for (const finding of findings) finding.open = open;
      unfold.textContent = open ? "Fold all" : "Unfold all";
    });
    document.addEventListener("keydown", (event) => {
      if (event.key === "/" && !/INPUT|SELECT|TEXTAREA/.test(document.activeElement.tagName)) {
        event.preventDefault();
        form.text.focus();
      }
    });
    apply();
  }

  function reveal() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    if (target.classList.contains("filtered")) showAll();
    if (target.tagName === "DETAILS") target.open = true;
    target.scrollIntoView();
  }
  addEventListener("hashchange", reveal);
  reveal();

  // A clipboard needs a secure page; a report opened as a file has none in some browsers, so select the text there.
  for (const button of document.querySelectorAll(".copy")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const text = button.parentElement.querySelector("code");
      try {
        await navigator.clipboard.writeText(text.textContent);
        button.textContent = "Copied";
        setTimeout(() => { button.textContent = "Copy"; }, 1500);
      } catch {
        getSelection().selectAllChildren(text);
      }
    });
  }

  let folded = [];
  addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("details:not([open])")];
    for (const each of folded) each.open = true;
  });
  addEventListener("afterprint", () => { for (const each of folded) each.open = false; });
})();
