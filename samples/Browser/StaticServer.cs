using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Extensions.FileProviders;

namespace Browser;

/// <summary>Hands a folder out to the browsers of this machine, with the headers that let a page use all cores.</summary>
public static class StaticServer
{
    /// <summary>Serves until Ctrl+C.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="say">Is told the address.</param>
    public static async Task RunAsync(string folder, Action<string> say)
    {
        ArgumentNullException.ThrowIfNull(say);
        await using var server = await StartAsync(folder).ConfigureAwait(false);
        say($"Open {AddressOf(server)} in a browser; Ctrl+C ends.");
        await server.WaitForShutdownAsync().ConfigureAwait(false);
    }

    /// <summary>Starts to serve at a free port of this machine alone.</summary>
    /// <param name="folder">The folder.</param>
    public static async Task<WebApplication> StartAsync(string folder)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var server = builder.Build();
        var files = new PhysicalFileProvider(Path.GetFullPath(folder));
        var types = new FileExtensionContentTypeProvider();
        types.Mappings[".mjs"] = "text/javascript";
        types.Mappings[".wasm"] = "application/wasm";
        types.Mappings[".onnx"] = "application/octet-stream";
        server.Use((context, next) =>
        {
            // Threads of WebAssembly share memory, which browsers allow to pages that are isolated from all others.
            context.Response.Headers["Cross-Origin-Opener-Policy"] = "same-origin";
            context.Response.Headers["Cross-Origin-Embedder-Policy"] = "require-corp";
            return next(context);
        });
        server.UseDefaultFiles(new DefaultFilesOptions { FileProvider = files });
        server.UseStaticFiles(new StaticFileOptions { FileProvider = files, ContentTypeProvider = types });
        await server.StartAsync().ConfigureAwait(false);
        return server;
    }

    /// <summary>Where a server that was started is.</summary>
    public static string AddressOf(WebApplication server)
    {
        ArgumentNullException.ThrowIfNull(server);
        return server.Urls.Single();
    }
}
