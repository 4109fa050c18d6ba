// A path by its last part; the whole of it where one points at it.
const file = path => path ? el("span", { title: path }, path.split(/[\\/]/).at(-1)) : null;

function build() {
  const parts = [...(data.run ? showRun(data.run) : []), ...(data.evaluation ? showEvaluation(data.evaluation) : [])];
  const facts = data.evaluation ? [data.evaluation.task, `${number(data.evaluation.clips)} clips`, data.evaluation.skipped ? `${number(data.evaluation.skipped)} skipped` : null, file(data.evaluation.model), file(data.evaluation.manifest),
    data.evaluation.instruction ? `asked “${data.evaluation.instruction}”` : null] : [data.run.options.find(([name]) => name === "command")?.[1] ?? "training run"];
  // The system's choice until somebody presses the button.
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const theme = el("button", { type: "button", class: "theme", "aria-label": "Change between light and dark", click: () => {
    const root = document.documentElement.style;
    root.colorScheme = (root.colorScheme || (dark.matches ? "dark" : "light")) === "dark" ? "light" : "dark";
  } }, "◐");
  document.getElementById("header").append(
    el("div", { class: "title" }, el("h1", null, data.evaluation?.name ?? data.folder), theme),
    el("p", { class: "facts" }, facts.filter(Boolean).map(fact => fact instanceof Node ? fact : el("span", null, fact))),
    el("nav", { "aria-label": "Sections" }, parts.map(part => el("a", { href: `#${part.id}` }, part.firstChild.textContent))));
  const content = document.getElementById("content");
  content.replaceChildren(...(data.notes.length > 0 ? [el("aside", { class: "notes", "aria-label": "Left out" }, el("ul", null, data.notes.map(note => el("li", null, note))))] : []), ...parts);
}
build();
