using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using Diffusion.Tool.Running;

namespace Diffusion.Tool.Playground;

/// <summary>Where a playground listens, and who may use it.</summary>
internal sealed record PlaygroundSettings
{
    private const int TokenBytes = 24;

    /// <summary>Gets the address to listen at.</summary>
    public IPAddress Host { get; init; } = IPAddress.Loopback;

    /// <summary>Gets the port; 0 is a free one.</summary>
    public int Port { get; init; }

    /// <summary>Gets what is asked of who changes something; of everybody where the playground <see cref="IsOpen"/>.</summary>
    public string Token { get; init; } = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(TokenBytes));

    /// <summary>Gets the folder of the images that the models were trained on; <see langword="null"/> if none was given.</summary>
    public string? Images { get; init; }

    /// <summary>Gets whether other machines can reach it: then nothing is answered without the token.</summary>
    public bool IsOpen => !IPAddress.IsLoopback(Host);

    /// <summary>Warns of that.</summary>
    public void Warn(Session session)
    {
        if (IsOpen)
        {
            session.Tell(
                "Warning: other machines can reach this page, over a line that everybody on it can read. Give its address, with the token, only to whom you trust.");
        }
    }
}
