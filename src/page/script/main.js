// A page that contains data is a report. One without is the live page.

theme.start();

document.addEventListener("DOMContentLoaded", () => {
  const data = document.getElementById("data");
  if (data) {
    new ReportPage(JSON.parse(data.textContent));
    return;
  }
  api.base = document.querySelector("meta[name=base]")?.content ?? "";
  // The token in the address is a cookie by now. It is removed, so that nobody copies it.
  const address = new URL(location.href);
  if (address.searchParams.has("token")) {
    address.searchParams.delete("token");
    history.replaceState(null, "", address);
  }
  new LivePage();
});
