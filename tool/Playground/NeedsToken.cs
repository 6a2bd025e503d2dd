using Microsoft.AspNetCore.Builder;

namespace Diffusion.Tool.Playground;

/// <summary>Marks an address that changes something: it is answered only to who knows the token.</summary>
internal sealed class NeedsToken
{
    public static NeedsToken Mark { get; } = new();
}

/// <summary>How an address is marked.</summary>
internal static class NeedsTokenExtensions
{
    /// <summary>Has the token asked for, also where computing alone is free.</summary>
    public static T RequireToken<T>(this T address)
        where T : IEndpointConventionBuilder => address.WithMetadata(NeedsToken.Mark);
}
