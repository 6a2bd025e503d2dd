#region snippet
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion;

var mlContext = new MLContext(seed: 1);
using var progress = new ConsoleProgress(mlContext);                     // a bar on a terminal; the plan; warnings, with what to do
LoadedImages images = mlContext.Diffusion.LoadImages("pictures", imageSize: 32);
Console.WriteLine(images);

var trainer = mlContext.Transforms.DiffusionTrainer("Generated", "Image", TimeSpan.FromMinutes(30), options => options with
{
    Training = options.Training with { Progress = progress },            // all else is planned for the pictures, the time and the machine
});
using DiffusionTransformer model = trainer.Fit(images.Data);             // on the GPU when there is one

MLImage[] samples = model.Generate(64);
using MLImage grid = ImageGrid.Create(samples, columns: 8);
grid.Save("samples.png");
mlContext.Model.Save(model, images.Data.Schema, "model.zip");            // ML.NET's own zip, nothing else
#endregion
