using System.Reflection;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Persistence.ModelFile;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion;

public sealed partial class DiffusionCatalog
{
    /// <summary>
    /// Saves a pipeline as ML.NET's Model.Save does, in such a way that the path always holds a whole file, and without temporary files elsewhere.
    /// </summary>
    /// <param name="model">The fitted pipeline or one step of it.</param>
    /// <param name="inputSchema">The schema of its input; <see langword="null"/> leaves it out.</param>
    /// <param name="path">Where, in a folder that exists. A file that is there is replaced once the new one is on the disk.</param>
    /// <exception cref="InvalidOperationException">The file would be beyond what <see cref="LoadModel"/> reads; an old file is unchanged.</exception>
    /// <exception cref="IOException">The disk is full, or the folder is missing or cannot be written to; an old file is unchanged.</exception>
    /// <exception cref="UnauthorizedAccessException">Permissions forbid it, or the old file is read-only; it is unchanged.</exception>
    public void SaveModel(ITransformer model, DataViewSchema? inputSchema, string path)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentException.ThrowIfNullOrEmpty(path);
        AtomicFile.Write(path, stream =>
        {
            PipelineFile.Save(_context, model, inputSchema, stream);
            ModelInspector.CheckLimits(stream);
        });
    }

    /// <summary>Loads a pipeline that holds a diffusion model, after checking all of the file: for files that others made.</summary>
    /// <param name="path">A file that <see cref="SaveModel"/> or ML.NET's Model.Save wrote.</param>
    /// <param name="inputSchema">The schema of its input; <see langword="null"/> if it was saved without.</param>
    /// <returns>The pipeline; <c>GetDiffusion()</c> finds the diffusion model in it, which <see cref="LoadDiffusionModel"/> returns at once.</returns>
    /// <exception cref="FormatException">
    /// The file is damaged, made to do harm, of a newer format, or asks for a loader or an assembly that files from anywhere may not ask for.
    /// </exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">Permissions forbid reading it.</exception>
    /// <exception cref="DllNotFoundException">libtorch cannot be loaded; the message says what is missing.</exception>
    /// <remarks>
    /// ML.NET's own Model.Load inflates entries and loads the assemblies that the file names before this library sees it. SECURITY.md says
    /// what is promised, and which steps are let in. Pipelines with others, such as custom mappings, TensorFlow or ONNX, are for Model.Load
    /// and files that you trust.
    /// </remarks>
    public ITransformer LoadModel(string path, out DataViewSchema? inputSchema)
    {
        using var stream = Open(path);
        _ = DeviceChoice.Resolve(_host, null); // here, since a libtorch that does not load is no fault of the file
        var (model, found) = Checked(path, () =>
        {
            var (_, untrusted, mismatch) = ModelInspector.Inspect(stream);
            if (untrusted is not null)
            {
                throw new FormatException(
                    $"it asks for {untrusted}. If you trust the file, load it by mlContext.Model.Load.");
            }

            if (mismatch is not null)
            {
                throw new FormatException(mismatch);
            }

            if (ModelInspector.ReadSchema(stream) is { } schema)
            {
                SchemaCheck.Run(_host, schema);
            }

            stream.Position = 0;
            return (PipelineFile.Load(_host, stream, out var loaded), loaded);
        });
        inputSchema = found;
        return model;
    }

    /// <summary>Loads the diffusion model of a file, without the steps around it, after checking all of the file: for files that others made.</summary>
    /// <param name="path">A file that <see cref="SaveModel"/> or ML.NET's Model.Save wrote.</param>
    /// <returns>The one diffusion model in it. Dispose it to free its weights.</returns>
    /// <exception cref="FormatException">
    /// The file holds no diffusion model or several, is damaged, made to do harm, of a newer format, or asks for a loader or an assembly that files
    /// from anywhere may not ask for.
    /// </exception>
    /// <inheritdoc cref="LoadModel" path="/exception[@cref!='T:System.FormatException']"/>
    public DiffusionTransformer LoadDiffusionModel(string path)
    {
        var pipeline = LoadModel(path, out _);
        return Checked(path, pipeline.GetDiffusion);
    }

    /// <summary>Says what is in a model file, without loading or running any of it.</summary>
    /// <param name="path">A file that <see cref="SaveModel"/> or ML.NET's Model.Save wrote.</param>
    /// <returns>Its entries, what the model is and how it was trained.</returns>
    /// <exception cref="FormatException">The file is damaged, made to do harm, of a newer format, or holds no diffusion model or several.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">Permissions forbid reading it.</exception>
    public ModelFileInfo InspectModel(string path)
    {
        using var channel = _host.Start(nameof(InspectModel));
        using var stream = Open(path);
        return Checked(path, () => ModelInspector.Inspect(stream).Inspection);
    }

    private static FileStream Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
    }

    // Whatever a file makes the readers throw is a fault of the file, except that it could not be read.
    private static T Checked<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception exception) when (exception is not (IOException or UnauthorizedAccessException or OutOfMemoryException)
            || exception is EndOfStreamException or FileNotFoundException or FileLoadException) // the latter two: an assembly's version
        {
            var reason = exception;
            while (reason is TargetInvocationException { InnerException: { } inner })
            {
                reason = inner;
            }

            throw new FormatException($"The model {path} cannot be used: {reason.Message}", reason);
        }
    }
}
