using Microsoft.ML;
using Microsoft.ML.Diffusion;
using OpenTelemetry.Metrics;

var path = args.Length > 0 ? args[0] : System.IO.Path.Combine(AppContext.BaseDirectory, "garments.zip");
var model = new MLContext().Diffusion.LoadDiffusionModel(path);
var images = model.Generate(["Bag"], new() { Seed = 7, Sampler = new DdimSampler(4) });
using var stream = new MemoryStream();
var builder = WebApplication.CreateSlimBuilder(args);
builder.Services.AddOpenTelemetry().WithMetrics(m => m.AddMeter("*").AddConsoleExporter());
var app = builder.Build();
images[0].Save("t.png");
Console.WriteLine(Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes("t.png"))) + " " + model);
app.MapGet("/", () => model.ToString());
if (args.Contains("--run")) { app.Run(); }
