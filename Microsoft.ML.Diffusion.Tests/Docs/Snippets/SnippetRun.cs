using Microsoft.ML;
using Microsoft.ML.Diffusion;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace DocumentationSnippets;

/// <summary>Runs what documents show in a folder of its own, as a program of a user does, on a tiny scale.</summary>
/// <remarks>The current folder is one for the whole process: classes that derive from this one must not run beside others.</remarks>
public abstract class SnippetRun : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _before = Environment.CurrentDirectory;

    protected SnippetRun() => Environment.CurrentDirectory = _folder.Path;

    /// <summary>Options of a model that trains in a second.</summary>
    protected static DiffusionOptions Tiny => TinyModel.Options;

    public void Dispose()
    {
        Environment.CurrentDirectory = _before;
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>What documents show and what runs here instead, because the former would take minutes.</summary>
    protected static T Shown<T>(T shown, T tested)
    {
        Assert.IsNotNull(shown);
        return tested;
    }

    /// <summary>Writes pictures of bars into a folder, in one folder for each class.</summary>
    protected static void WritePictures(string folder, params string[] classes)
    {
        for (var i = 0; i < 12; i++)
        {
            var place = Path.Combine(folder, classes.Length > 0 ? classes[i % classes.Length] : "");
            Directory.CreateDirectory(place);
            File.WriteAllBytes(Path.Combine(place, $"{i:D2}.png"), PictureFiles.Encode(number: i, coloured: false));
        }
    }

    /// <summary>A model of two classes, "even" and "odd", and the rows that it learned from.</summary>
    protected static (DiffusionTransformer Model, IDataView Rows) TrainTinyModel(MLContext mlContext) =>
        (TinyModel.Train(TinyModel.Labelled, mlContext), Pictures.Rows(mlContext));
}
