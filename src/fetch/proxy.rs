//! The proxy that the environment names.

use ureq::Proxy;

/// The proxy for `url`: `HTTPS_PROXY` or `HTTP_PROXY` after the address, else `ALL_PROXY`, in capitals or not, unless
/// `NO_PROXY` names the host. `variable` looks names up.
///
/// # Errors
/// Which variable holds no address of a proxy.
pub(super) fn proxy_for(
    url: &str,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Option<Proxy>, String> {
    let either = |name: &str| {
        let value = variable(name).or_else(|| variable(&name.to_lowercase()));
        value.filter(|value| !value.is_empty())
    };
    let own = if url.starts_with("https:") {
        "HTTPS_PROXY"
    } else {
        "HTTP_PROXY"
    };
    let Some((name, address)) = [own, "ALL_PROXY"]
        .into_iter()
        .find_map(|name| Some((name, either(name)?)))
    else {
        return Ok(None);
    };
    let refused = |_: ureq::Error| format!("{name} is no address of a proxy: {address:?}");
    let parsed = Proxy::new(&address).map_err(refused)?;
    let Some(exceptions) = either("NO_PROXY") else {
        return Ok(Some(parsed));
    };
    let mut builder = Proxy::builder(parsed.protocol())
        .host(parsed.host())
        .port(parsed.port());
    if let (Some(user), Some(password)) = (parsed.username(), parsed.password()) {
        builder = builder.username(user).password(password);
    }
    for host in exceptions
        .split(',')
        .map(str::trim)
        .filter(|host| !host.is_empty())
    {
        builder = builder.no_proxy(host);
    }
    builder.build().map(Some).map_err(refused)
}
