namespace Diffusion.Tool.Running;

/// <summary>Names of classes as they are typed.</summary>
internal static class Classes
{
    /// <summary>The index of a class of a model.</summary>
    public static int IndexOf(DiffusionTransformer model, string name)
    {
        for (var i = 0; i < model.ClassNames.Count; i++)
        {
            if (model.ClassNames[i] == name)
            {
                return i;
            }
        }

        throw new UsageException(model.ClassNames.Count == 0
            ? $"--label must be left out, because the model was trained without classes, but is '{name}'."
            : $"--label must be a class of the model ({string.Join(", ", model.ClassNames)}), but is '{name}'.");
    }
}
