// A folder that any web server can hand out, with which a visitor's own machine generates: the model as ONNX, a page, and ONNX Runtime for the web, which npm gets.
//   dotnet run -c Release --project samples/Browser -- [MODEL.zip] [--folder FOLDER] [--steps 15] [--serve]
// The garments' model is taken where none is named; --serve hands the folder out at an address of this machine until Ctrl+C, --npm NAME starts another npm.
using Browser;
using Microsoft.ML;
using Microsoft.ML.Diffusion;
using Microsoft.ML.Diffusion.Samples;

var (modelFile, folder, npm) = (Path.Combine(AppContext.BaseDirectory, "garments.zip"), Value("--folder"), Value("--npm") ?? "npm");
if (args is [{ } first, ..] && !first.StartsWith('-'))
{
    modelFile = first;
}

if (!int.TryParse(Value("--steps") ?? "15", out var steps) || steps is < 1 or > 1000)
{
    Console.Error.WriteLine($"--steps must be a whole number from 1 to 1000, but is '{Value("--steps")}'.");
    return 2;
}

try
{
    var mlContext = new MLContext();
    using var model = mlContext.Diffusion.LoadDiffusionModel(modelFile);
    var artifacts = new Artifacts(folder, "Browser");
    new Site(mlContext, artifacts).Write(model, new DpmSolverSampler(steps));
    OnnxRuntimeWeb.CopyTo(artifacts.PathOf("ort"), npm);
    Console.WriteLine($"Wrote {artifacts.PathOf("")}: hand it out with any web server{(args.Contains("--serve") ? "" : ", or start this with --serve")}.");
    if (args.Contains("--serve"))
    {
        await StaticServer.RunAsync(artifacts.PathOf(""), Console.WriteLine);
    }

    return 0;
}
catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidDataException or NotSupportedException or ArgumentException)
{
    Console.Error.WriteLine(error.Message);
    return 1;
}

string? Value(string option) => args.SkipWhile(argument => argument != option).Skip(1).FirstOrDefault();
