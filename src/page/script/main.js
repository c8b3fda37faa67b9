// A page with data in it is a report; one without asks the server.

theme.start();

document.addEventListener("DOMContentLoaded", () => {
  const data = document.getElementById("data");
  if (data) {
    new ReportPage(JSON.parse(data.textContent));
    return;
  }
  api.base = document.querySelector("meta[name=base]")?.content ?? "";
  // A token that came in the address is a cookie by now, and not for anybody to copy.
  const address = new URL(location.href);
  if (address.searchParams.has("token")) {
    address.searchParams.delete("token");
    history.replaceState(null, "", address);
  }
  new LivePage();
});
