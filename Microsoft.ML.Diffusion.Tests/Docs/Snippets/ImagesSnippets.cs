using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion;

namespace DocumentationSnippets;

/// <summary>docs/images.md.</summary>
[TestClass]
[DoNotParallelize]
public sealed class ImagesSnippets : SnippetRun
{
    [TestMethod]
    public void LoadImages_Folder_IsTrainedOn()
    {
        WritePictures("photos");
        File.WriteAllText("photos/note.txt", "no picture");
        var (mlContext, options) = (new MLContext(seed: 1), Tiny);

        #region snippet
        LoadedImages pictures = mlContext.Diffusion.LoadImages("photos", imageSize: Shown(64, tested: 8));
        foreach (var file in pictures.Skipped)
        {
            Console.WriteLine($"{file.Path}: {file.Reason}");
        }

        using var model = mlContext.Transforms.DiffusionTrainer("Generated", "Image", options).Fit(pictures.Data);
        #endregion

        Assert.HasCount(1, pictures.Skipped);
        Assert.AreEqual(8, model.ImageWidth);
    }

    [TestMethod]
    public void LoadImages_LabelField_TakesTheClassesOfAFile()
    {
        WritePictures("photos");
        File.WriteAllText("photos/metadata.csv", "file_name,kind\n00.png,cat\n");
        var mlContext = new MLContext(seed: 1);

        #region snippet
        var labelled = mlContext.Diffusion.LoadImages("photos", new ImageFolderOptions { Width = 64, Height = 64, LabelField = "kind" });
        #endregion

        Assert.AreEqual(1u, labelled.Data.GetColumn<uint>("Label").First());
    }

    [TestMethod]
    public void InspectImages_AndOnePicture_AreThere()
    {
        WritePictures("photos");
        var mlContext = new MLContext(seed: 1);

        #region snippet
        ImageFolderInfo what = mlContext.Diffusion.InspectImages("photos");
        Console.WriteLine(what);

        using MLImage start = mlContext.Diffusion.LoadImage("photos/00.png", new ImageFolderOptions { Width = 64, Height = 64 });
        #endregion

        Assert.AreEqual(12, what.Count);
        Assert.AreEqual(64, start.Width);
    }

    [TestMethod]
    public void Writing_OneManyAndAnAnimation_AreThere()
    {
        var mlContext = new MLContext(seed: 1);
        var (model, _) = TrainTinyModel(mlContext);
        using var answer = new MemoryStream();

        #region snippet
        MLImage[] images = model.Generate(Shown(25, tested: 3));
        IReadOnlyList<string> files = images.SaveImages("generated"); // generated/00000.png, ...
        byte[] png = images[0].ToPng();
        images[0].Save(answer, ImageFileFormat.WebP, quality: 80);
        ImageAnimation.SaveGif("all.gif", images, [TimeSpan.FromSeconds(0.5)], scale: 4);
        #endregion

        model.Dispose();
        Assert.HasCount(3, files);
        CollectionAssert.AreEqual(File.ReadAllBytes(files[0]), png);
        Assert.IsGreaterThan(0, answer.Length);
        Assert.IsTrue(File.Exists("all.gif"));
    }
}
