// Searches `pages` (location, title, text) for what stands in the theme's search field, and lists what it finds.
document.addEventListener("DOMContentLoaded", () => { // the field stands below the script
  const field = document.getElementById("mkdocs-search-query");
  const list = document.getElementById("mkdocs-search-results");
  let index;

  function build() {
    return lunr(function () {
      this.ref("location");
      this.field("title", { boost: 5 });
      this.field("text");
      pages.forEach((page) => this.add(page));
    });
  }

  function entry(page) {
    const article = document.createElement("article");
    const link = document.createElement("a");
    link.href = `${base_url}/${page.location}`;
    link.textContent = page.title;
    const text = document.createElement("p");
    text.textContent = page.text.replace(/\s+/g, " ").slice(0, 200);
    article.append(link, text);
    return article;
  }

  field.addEventListener("input", () => {
    const words = lunr.tokenizer(field.value).map(String).filter((word) => word.length > 1);
    index ??= build(); // at the first letter, not at every page
    const found = words.length ? index.query((query) => words.forEach((word) => {
      query.term(word, { boost: 10 });
      query.term(word, { wildcard: lunr.Query.wildcard.TRAILING });
    })) : [];
    const known = new Map(pages.map((page) => [page.location, page]));
    list.replaceChildren(...found.slice(0, 20).map((one) => entry(known.get(one.ref))));
    if (words.length && !found.length) list.textContent = list.dataset.noResultsText;
  });
  field.form.addEventListener("submit", (event) => event.preventDefault());
});
