#region snippet
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion;

var mlContext = new MLContext(seed: 1);
var files = Directory.EnumerateFiles("pictures", "*.png").Select(path => new { ImagePath = path });
IDataView rows = mlContext.Data.LoadFromEnumerable(files);

var pipeline = mlContext.Transforms.LoadImages("Image", "", "ImagePath")
    .Append(mlContext.Transforms.ResizeImages("Image", 32, 32))
    .Append(mlContext.Transforms.DiffusionTrainer("Generated", "Image", new DiffusionOptions
    {
        Training = new TrainingOptions { Duration = TimeSpan.FromMinutes(30), LearningRate = 1e-3 },
    }));

var model = pipeline.Fit(rows);                                          // on the GPU when there is one
MLImage[] samples = model.LastTransformer.Generate(64);
using MLImage grid = ImageGrid.Create(samples, columns: 8);
grid.Save("samples.png");
mlContext.Model.Save(model, rows.Schema, "model.zip");                   // ML.NET's own zip, nothing else
#endregion
