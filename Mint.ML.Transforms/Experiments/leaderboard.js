// A click on a heading sorts the table by it, a second click turns the order round. What has no number stays at the end.
const table = document.getElementById("trials"), body = table.tBodies[0], headings = [...table.tHead.rows[0].cells];
headings.forEach((heading, column) => heading.firstChild.addEventListener("click", () => {
  const descending = heading.getAttribute("aria-sort") === "ascending";
  for (const other of headings) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
  const numeric = heading.classList.contains("number"), text = row => row.cells[column].textContent;
  const missing = row => numeric && !Number.isFinite(parseFloat(text(row)));
  const compare = (a, b) => numeric ? parseFloat(text(a)) - parseFloat(text(b)) : text(a).localeCompare(text(b), "en", { numeric: true });
  body.append(...[...body.rows].sort((a, b) => missing(a) || missing(b) ? missing(a) - missing(b) : descending ? compare(b, a) : compare(a, b)));
}));
// The system's choice until somebody presses the button.
const dark = matchMedia("(prefers-color-scheme: dark)");
document.getElementById("theme").addEventListener("click", () => {
  const root = document.documentElement.style;
  root.colorScheme = (root.colorScheme || (dark.matches ? "dark" : "light")) === "dark" ? "light" : "dark";
});
