"""Which proxy a request goes through, by the rules of requests."""

from urllib.parse import urlsplit


def choose(settings, url, given):
    """Returns the proxy's URL, or None.

    The request's `proxies=` go before the session's, and those before the
    environment's, which count only with `trust_env`. Among them a proxy for
    the host goes before one for the scheme, and that before `all`.
    """
    proxies = {**(settings["proxies"] or {}), **(given or {})}
    if settings["trust_env"]:
        proxies = {**_of_environment(url), **proxies}
    if not proxies:
        return None
    parts = urlsplit(url)
    scheme, host = parts.scheme, parts.hostname or ""
    for key in (f"{scheme}://{host}", scheme, f"all://{host}", "all"):
        if proxies.get(key):
            proxy = proxies[key]
            return proxy if "://" in proxy else f"http://{proxy}"
    return None


def _of_environment(url):
    from urllib.request import getproxies, proxy_bypass

    return {} if proxy_bypass(urlsplit(url).hostname or "") else getproxies()
