using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Data.Formats;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Data;

/// <summary>A file or a row is blamed for what is wrong with it, and for nothing else.</summary>
[TestClass]
public sealed class ProgramFaultTests
{
    private static readonly Exception[] _ofTheProgram =
    [
        new FileNotFoundException("Could not load file or assembly.", "SkiaSharp, Version=3.0.0.0, Culture=neutral"),
        new FileLoadException("The assembly is of another version."),
        new DllNotFoundException("Unable to load shared library 'libSkiaSharp'."),
        new BadImageFormatException("An attempt was made to load a program of another system."),
        new MissingMethodException("Method not found."),
        new TypeInitializationException("SkiaSharp.SKObject", new DllNotFoundException()),
    ];

    [TestMethod]
    public void Is_EachKind_IsToldApart()
    {
        Exception[] ofFiles =
        [
            new FileNotFoundException("Could not find file.", Path.GetFullPath("a.png")),
            new DirectoryNotFoundException(),
            new UnauthorizedAccessException(),
            new InvalidDataException(),
            new EndOfStreamException(),
            new IOException("Too many open files."),
        ];

        Assert.IsTrue(_ofTheProgram.All(ProgramFault.Is));
        Assert.IsFalse(_ofTheProgram.Any(ProgramFault.IsOfFile));
        Assert.IsFalse(ofFiles.Any(ProgramFault.Is));
        Assert.IsTrue(ofFiles.All(ProgramFault.IsOfFile));
        Assert.IsTrue(_ofTheProgram.All(exception => Damage.Of(exception, "PNG") is null), "no data are damaged");
        Assert.AreEqual("its PNG data are damaged", Damage.Of(new OverflowException(), "PNG")!.Message);
    }

    [TestMethod]
    public void Fit_LibraryIsMissingWhileRowsAreRead_SaysItAsItIs()
    {
        var mlContext = new MLContext(seed: 3);
        foreach (var exception in _ofTheProgram)
        {
            var rows = mlContext.Transforms.CustomMapping<ImageRow, ImageRow>((_, _) => throw exception, contractName: null)
                .Fit(Pictures.Rows(mlContext))
                .Transform(Pictures.Rows(mlContext));

            var thrown = Assert.Throws<Exception>(() => mlContext.Transforms.DiffusionTrainer("Generated", "Image", TinyModel.Options).Fit(rows));

            Assert.AreSame(exception, thrown);
        }
    }

    [TestMethod]
    public void Fit_FileInUse_IsNotToldAsChanged()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("a.png", PictureFiles.Encode());
        var mlContext = new MLContext(seed: 3);
        var data = mlContext.Diffusion.LoadImages(folder.Path).Data;

        using var other = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        var error = Assert.ThrowsExactly<InvalidOperationException>(
            () => mlContext.Transforms.DiffusionTrainer("Generated", "Image", TinyModel.Options).Fit(data));

        StringAssert.StartsWith(error.Message, "Row 0: the image in column 'Image' could not be read ('a.png' can no longer be read: ");
    }

    private sealed class ImageRow
    {
        [Microsoft.ML.Transforms.Image.ImageType(Pictures.Side, Pictures.Side)]
        public MLImage? Image { get; set; }
    }
}
