namespace Diffusion.Tool.Running;
internal static class Film { public static void SaveThereAndBack(string p, IReadOnlyList<Microsoft.ML.Data.MLImage> f) { _ = (p, f); } }
