using Diffusion.Tool.Options;

namespace Diffusion.Tool.Running;

/// <summary>Skipped files, for programs.</summary>
internal static class SkippedDocument
{
    public static object Of(IReadOnlyList<SkippedFile> files) =>
        files.Select(file => new { file.Path, Reason = file.GetReason(TypedNames.Of) });
}
