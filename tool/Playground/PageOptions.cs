using System.CommandLine;
using System.Net;
using Diffusion.Tool.Options;
using Diffusion.Tool.Running;

namespace Diffusion.Tool.Playground;

/// <summary>The options that decide where a page is served.</summary>
internal sealed class PageOptions
{
    private readonly Option<int?> _port = Values.Whole("--port", "N", "Port of the page [default: a free one]", minimum: 0);
    private readonly Option<string?> _host = Values.Text(
        "--host",
        "ADDRESS",
        "Address to listen at: localhost, or with 0.0.0.0 all of this machine, for which others need the token that is told [default: 127.0.0.1]");

    public void AddTo(Command command)
    {
        command.Add(_port);
        command.Add(_host);
    }

    /// <summary>Reads them.</summary>
    /// <param name="parsed">What was typed.</param>
    /// <param name="page">The option that asks for the page.</param>
    /// <returns>Where the page is; null if none is asked for.</returns>
    public PlaygroundSettings? Read(ParseResult parsed, Option<bool> page) =>
        parsed.GetValue(page) ? Read(parsed)
        : Array.Find<Option>([_port, _host], parsed.IsGiven) is { } option
        ? throw new UsageException($"{option.Name} needs {page.Name}, because it says where the page is. Add it, or leave {option.Name} out.")
        : null;

    /// <summary>Reads them.</summary>
    public PlaygroundSettings Read(ParseResult parsed)
    {
        var (host, port) = (parsed.GetValue(_host) ?? "127.0.0.1", parsed.GetValue(_port) ?? 0);
        var address = host == "localhost" ? IPAddress.Loopback : IPAddress.TryParse(host, out var number) ? number : null;
        return address is null
            ? throw new UsageException($"{_host.Name} must be localhost or an address of this machine such as 127.0.0.1, or 0.0.0.0 for all of them, but is '{host}'.")
            : port > ushort.MaxValue
            ? throw new UsageException($"{_port.Name} must be at most {ushort.MaxValue}, because ports have 16 bits, but is '{port}'.")
            : new PlaygroundSettings { Host = address, Port = port };
    }
}
