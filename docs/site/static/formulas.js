// Sets the formulas; one that KaTeX cannot read stays as it is written, in red.
document.addEventListener("DOMContentLoaded", () => {
  for (const element of document.querySelectorAll(".tex")) {
    const tex = element.textContent;
    try {
      katex.render(tex, element, { displayMode: element.tagName === "DIV" });
    } catch (error) {
      element.classList.add("tex-error");
      element.title = error.message;
    }
  }
});
