using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Diffusion.Tool.Playground;

/// <summary>Lets through what comes from the playground's own page, and refuses what another site, or a stranger, sends.</summary>
/// <remarks>
/// A site that a visitor has open elsewhere can send requests to this machine. Its script cannot read answers, unless its name leads to this machine: so the
/// Host is looked at (DNS rebinding), and where a browser says who asks (Origin, Sec-Fetch-Site), that too. The token is asked for in a header, which no other
/// site's page can set; an open playground also asks for it before it gives its page out, by the address, and after that by a cookie that opens the page alone.
/// </remarks>
internal sealed class AccessGuard(PlaygroundSettings settings)
{
    /// <summary>The header of the token.</summary>
    public const string Header = "X-Token";

    private const string Query = "token";
    private const string Api = "/api";
    private const string Cookie = "diffusion-page-";

    private static readonly TimeSpan _cookieLife = TimeSpan.FromDays(7);

    // Other servers of this machine are sent the cookie as well: it must not be the token.
    private readonly string _pageKey = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes("page:" + settings.Token)));

    public Task InvokeAsync(HttpContext http, RequestDelegate next)
    {
        var request = http.Request;
        var isApi = request.Path.StartsWithSegments(Api, StringComparison.OrdinalIgnoreCase);
        return !IsOwnHost(request.Host.Host)
            ? Problems.WriteAsync(http, StatusCodes.Status403Forbidden, "The playground is not served under this name. Open the address that the tool printed.")
            : IsFromElsewhere(request, isApi)
            ? Problems.WriteAsync(http, StatusCodes.Status403Forbidden, "The playground answers its own page only, not that of another site.")
            : !IsAllowed(http, isApi)
            ? Problems.WriteAsync(http, StatusCodes.Status401Unauthorized, "This needs the token. Open the address that the tool printed, with all that follows the question mark.")
            : next(http);
    }

    // A name that somebody else owns could lead here; a number cannot be led anywhere else.
    private bool IsOwnHost(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && (settings.IsOpen || IPAddress.IsLoopback(address)))
        || (settings.IsOpen && host.Equals(Environment.MachineName, StringComparison.OrdinalIgnoreCase));

    private static bool IsFromElsewhere(HttpRequest request, bool isApi) =>
        (request.Headers.Origin is [{ } origin] && origin != $"{request.Scheme}://{request.Host}")
        || request.Headers.Origin.Count > 1
        || (isApi && request.Headers["Sec-Fetch-Site"] is [not (null or "same-origin" or "none")]);

    private bool IsAllowed(HttpContext http, bool isApi)
    {
        var request = http.Request;
        if (isApi)
        {
            return (!settings.IsOpen && http.GetEndpoint()?.Metadata.GetMetadata<NeedsToken>() is null)
                || (request.Headers[Header] is [{ } token] && IsSame(token, settings.Token));
        }

        if (!settings.IsOpen)
        {
            return true;
        }

        var cookie = $"{Cookie}{request.Host.Port}";
        if (request.Query[Query] is [{ } given] && IsSame(given, settings.Token))
        {
            http.Response.Cookies.Append(cookie, _pageKey, new CookieOptions { HttpOnly = true, SameSite = SameSiteMode.Lax, MaxAge = _cookieLife });
            return true;
        }

        return request.Cookies[cookie] is { } key && IsSame(key, _pageKey);
    }

    private static bool IsSame(string given, string expected) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(given), Encoding.UTF8.GetBytes(expected));
}
