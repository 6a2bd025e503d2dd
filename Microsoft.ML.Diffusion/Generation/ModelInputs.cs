using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Generation;

/// <summary>Turns what callers hand to a model into what it computes with, or says what is wrong with it.</summary>
internal sealed class ModelInputs(ModelDescription description)
{
    private readonly ImageShape _shape = description.Shape;

    /// <summary>Pixels of images, [N][C][H][W] in [-1, 1].</summary>
    public Batch Images(IReadOnlyList<MLImage> images, string parameter) => PixelBatches.FromBytes(Pixels(images, parameter));


    /// <summary>Pixels of images, [C, H, W] in 0..255 of each.</summary>
    public byte[][] Pixels(IReadOnlyList<MLImage> images, string parameter)
    {
        CheckList(images, parameter);
        return [.. images.Select((image, i) => Pixels(image, $"{parameter}[{i}]", parameter))];
    }

    /// <summary>Pixels of one image, [C, H, W] in 0..255.</summary>
    public byte[] Pixels(MLImage image, string name, string parameter)
    {
        var rgb = Rgb(image, name, parameter);
        return _shape.Channels == 1 ? ImagePixels.ToGrey(rgb) : rgb;
    }

    /// <summary>Where masks are light, [C, H, W] for each image; one mask serves all images.</summary>
    public bool[][] Masks(IReadOnlyList<MLImage> masks, int images, string parameter)
    {
        CheckList(masks, parameter);
        if (masks.Count != images && masks.Count != 1)
        {
            throw new ArgumentException(
                $"{parameter} must hold one mask for each image or one for all, but there are {masks.Count} masks and {images} images.",
                parameter);
        }

        bool[][] light = [.. masks.Select((mask, i) => Light(ImagePixels.ToGrey(Rgb(mask, $"{parameter}[{i}]", parameter))))];
        return light.Length == images ? light : [.. Enumerable.Repeat(light[0], images)];
    }

    /// <summary>Checks classes given for images; null is no class for any.</summary>
    public void CheckLabels(IReadOnlyList<int>? labels, int images, string parameter)
    {
        if (labels is not null && labels.Count != images)
        {
            throw new ArgumentException(
                $"{parameter} must hold one class for each image, but there are {labels.Count} classes and {images} images.",
                parameter);
        }

        foreach (var label in labels ?? [])
        {
            CheckLabel(label, parameter);
        }
    }

    /// <summary>Checks one class.</summary>
    public void CheckLabel(int label, string parameter)
    {
        var classes = description.NumberOfClasses;
        if (label < -1 || label >= classes)
        {
            throw new ArgumentOutOfRangeException(parameter, label, classes == 0
                ? $"{parameter} must not name a class, because the model was trained without LabelColumnName."
                : $"{parameter} must be from 0 to {classes - 1}, or -1 for none, because the model knows {classes} classes.");
        }
    }

    /// <summary>The class of a name: the one spelled alike, or else the only one that differs in case alone.</summary>
    public int Label(string? name, string parameter)
    {
        var names = description.ClassNames;
        var classes = Enumerable.Range(0, names.Count);
        var alike = classes.FirstOrDefault(i => names[i] == name, -1);
        if (alike >= 0)
        {
            return alike;
        }

        int[] found = [.. classes.Where(i => string.Equals(names[i], name, StringComparison.OrdinalIgnoreCase))];
        if (found.Length > 1)
        {
            throw new ArgumentOutOfRangeException(
                parameter,
                name,
                $"{parameter} must be spelled as one of {string.Join(", ", found.Select(i => names[i]))}, because these differ in case alone.");
        }

        if (names.Count == 0)
        {
            throw OptionMessages.Of(
                $"{new OptionName(parameter)} must not name a class, because the model was trained without {new OptionName(nameof(DiffusionOptions.LabelColumnName))}.",
                message => new ArgumentOutOfRangeException(parameter, name, message));
        }

        return found.Length == 1 ? found[0] : throw new ArgumentOutOfRangeException(
            parameter,
            name,
            $"{parameter} must be among the names that the model was trained with: {NearestName.List(names)}.{NearestName.Question(name, names)}");
    }

    /// <summary>Checks that latents are such as the model could have made.</summary>
    public void CheckLatents(DiffusionLatents latents, string parameter)
    {
        if (latents.Shape != _shape)
        {
            throw new ArgumentException($"{parameter} are of images of {latents.Shape}, but the model's images are {_shape}.", parameter);
        }

        CheckTimestep(latents.Timestep, parameter, $"The timestep of {parameter}");
    }

    /// <summary>Checks that the model knows a timestep.</summary>
    public void CheckTimestep(int timestep, string parameter, string? name = null)
    {
        var last = description.Schedule.NumberOfTrainingTimesteps - 1;
        if (timestep < 0 || timestep > last)
        {
            throw new ArgumentOutOfRangeException(
                parameter,
                timestep,
                $"{name ?? parameter} must be from 0 to {last}, because the model was trained on those.");
        }
    }

    // 128 and more of 255, in each channel.
    private bool[] Light(byte[] grey)
    {
        var plane = Array.ConvertAll(grey, level => level > 127);
        return [.. Enumerable.Repeat(plane, _shape.Channels).SelectMany(light => light)];
    }

    private byte[] Rgb(MLImage image, string name, string parameter)
    {
        DisposedImages.Refuse(image, name, parameter);
        if (image.Width != _shape.Width || image.Height != _shape.Height)
        {
            throw new ArgumentException(
                $"{name} is {image.Width}x{image.Height}, but the model's images are {_shape.Width}x{_shape.Height}. Resize it first.",
                parameter);
        }

        return ImagePixels.ReadRgb(image);
    }

    private static void CheckList(IReadOnlyList<MLImage> images, string parameter)
    {
        ArgumentNullException.ThrowIfNull(images, parameter);
        if (images.Count == 0)
        {
            throw new ArgumentException($"{parameter} must hold at least one image.", parameter);
        }

        for (var i = 0; i < images.Count; i++)
        {
            ArgumentNullException.ThrowIfNull(images[i], $"{parameter}[{i}]");
        }
    }
}
