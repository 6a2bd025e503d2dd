using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.ML.Diffusion;
using Microsoft.Net.Http.Headers;

namespace WebApi;

/// <summary>A strong ETag: the hash of all that decides an image's bytes, so that it is known before the image is.</summary>
internal sealed class ImageTag
{
    private static readonly Version? _library = typeof(DiffusionTransformer).Assembly.GetName().Version;

    private readonly EntityTagHeaderValue _value;

    private ImageTag(string hash) => _value = new EntityTagHeaderValue($"\"{hash}\"");

    public static ImageTag Of(DiffusionTransformer model, string? className, ImageQuery query)
    {
        var parts = string.Join('\n', _library, model.Digest, className, query.ToString());
        return new ImageTag(Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes(parts))));
    }

    /// <summary>Says whether a client has the image already: If-None-Match.</summary>
    public bool IsKnownTo(HttpRequest request) => request.GetTypedHeaders().IfNoneMatch is { } known
        && known.Any(tag => tag.Equals(EntityTagHeaderValue.Any) || tag.Compare(_value, useStrongComparison: false));

    public override string ToString() => _value.ToString();
}
