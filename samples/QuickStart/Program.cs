#region snippet
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion;

var mlContext = new MLContext(seed: 1);
using var progress = new ConsoleProgress(mlContext);                     // a bar on a terminal; warnings, with what to do
LoadedImages images = mlContext.Diffusion.LoadImages("pictures", imageSize: 32);
Console.WriteLine(images);

var trainer = mlContext.Transforms.DiffusionTrainer("Generated", "Image", new DiffusionOptions
{
    Training = new TrainingOptions { Duration = TimeSpan.FromMinutes(30), LearningRate = 1e-3, Progress = progress },
});
using DiffusionTransformer model = trainer.Fit(images.Data);             // on the GPU when there is one

MLImage[] samples = model.Generate(64);
using MLImage grid = ImageGrid.Create(samples, columns: 8);
grid.Save("samples.png");
mlContext.Model.Save(model, images.Data.Schema, "model.zip");            // ML.NET's own zip, nothing else
#endregion
