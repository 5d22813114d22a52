// What the theme leaves out for readers who do not see the page: names that hold the words on a button, a landmark around
// the side bar, and cells instead of headings where a table's corner is empty.
document.addEventListener("DOMContentLoaded", () => {
  for (const element of document.querySelectorAll("summary[aria-label], button.search-button-field[aria-label]")) {
    if (element.textContent.trim()) element.removeAttribute("aria-label");
  }
  for (const button of document.querySelectorAll(".theme-switch-button")) {
    button.setAttribute("aria-label", "Color mode: Light, Dark or System Settings"); // the titles of its three icons
  }
  for (const entry of document.querySelectorAll(".citation-list, .citation-list [role='doc-biblioentry']")) {
    entry.removeAttribute("role"); // deprecated, and the list holds more than entries
  }
  const side = document.querySelector(".bd-sidebar-primary");
  if (side && side.tagName === "DIV") {
    side.setAttribute("role", "region");
    side.setAttribute("aria-label", "Contents of the book");
  }
  // Modules have run by now, if they can, and have taken their mark away: from a file none does.
  for (const place of document.querySelectorAll("[data-module]")) {
    const why = location.protocol === "file:"
      ? "does not work from a file: run \u201cmake serve\u201d in the repository, then open http://127.0.0.1:8000."
      : "needs a script that could not be fetched, or that this browser is too old for.";
    place.textContent = `${place.dataset.module} ${why}`;
    place.hidden = false;
  }
  for (const corner of document.querySelectorAll("table th:empty")) {
    const cell = document.createElement("td");
    for (const { name, value } of corner.attributes) if (name !== "scope") cell.setAttribute(name, value);
    corner.replaceWith(cell);
  }
});
