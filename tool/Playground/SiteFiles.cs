using Microsoft.AspNetCore.Http;

namespace Diffusion.Tool.Playground;

/// <summary>The page: files that are in the program.</summary>
internal static class SiteFiles
{
    private const string Folder = "site";

    /// <summary>Answers with a file, or with a problem.</summary>
    public static async Task AnswerAsync(HttpContext http)
    {
        var path = http.Request.Path.Value is null or "/" ? "/index.html" : http.Request.Path.Value;
        await using var file = typeof(SiteFiles).Assembly.GetManifestResourceStream(Folder + path);
        if (file is null)
        {
            await Problems.WriteAsync(http, StatusCodes.Status404NotFound, "There is nothing at this address.");
            return;
        }

        http.Response.ContentType = TypeOf(path);
        http.Response.ContentLength = file.Length;
        if (!HttpMethods.IsHead(http.Request.Method))
        {
            await file.CopyToAsync(http.Response.Body, http.RequestAborted);
        }
    }

    /// <summary>The text of a file, for a page that is to stand alone.</summary>
    public static string Text(string path)
    {
        using var reader = new StreamReader(typeof(SiteFiles).Assembly.GetManifestResourceStream(Folder + path)!);
        return reader.ReadToEnd();
    }

    private static string TypeOf(string path) => Path.GetExtension(path) switch
    {
        ".html" => "text/html; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".svg" => "image/svg+xml",
        _ => "application/octet-stream",
    };
}
