using Microsoft.ML.Data;
using Microsoft.ML.Data.IO;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Diffusion.Persistence.ModelFile;

/// <summary>ML.NET's zip of a pipeline, as Model.Save and Model.Load have it, but by way of memory.</summary>
/// <remarks>
/// ML.NET's own write every entry to the folder for temporary files first: a model that took days to train cannot be saved where that is full, or where nothing
/// can be written to it, as in many containers.
/// </remarks>
internal static class PipelineFile
{
    private const string TransformerDirectory = "TransformerChain";

    /// <summary>Writes what Model.Save writes without an input schema.</summary>
    public static void Save(IHostEnvironment environment, ITransformer model, Stream stream)
    {
        using var repository = RepositoryWriter.CreateNew(stream, environment, useFileSystem: false);
        ModelSaveContext.SaveModel(repository, model, TransformerDirectory);
        repository.Commit();
    }

    /// <summary>Writes what Model.Save writes.</summary>
    public static void Save(MLContext context, ITransformer model, DataViewSchema? inputSchema, Stream stream)
    {
        using var repository = RepositoryWriter.CreateNew(stream, context, useFileSystem: false);
        ModelSaveContext.SaveModel(repository, model, TransformerDirectory);
        if (inputSchema is not null)
        {
            using var entry = repository.CreateEntry(SchemaCheck.Entry);
            context.Data.SaveAsBinary(new EmptyDataView(context, inputSchema), entry.Stream, keepHidden: true);
        }

        repository.Commit();
    }

    /// <summary>Reads what Model.Save wrote, with an input schema, with a loader of data, or with neither.</summary>
    /// <exception cref="FormatException">It holds no pipeline, or one of before ML.NET 1.0.</exception>
    public static ITransformer Load(IHostEnvironment environment, Stream stream, out DataViewSchema? inputSchema)
    {
        using var repository = RepositoryReader.Open(stream, environment, useFileSystem: false);
        inputSchema = ReadSchema(environment, repository);
        if (inputSchema is null
            && LoadOrNull<IDataLoader<IMultiStreamSource>>(environment, repository, null)
                is CompositeDataLoader<IMultiStreamSource, ITransformer> composite)
        {
            inputSchema = composite.Loader.GetOutputSchema();
            return composite.Transformer is IEnumerable<ITransformer> chain && chain.Count() == 1 ? chain.First() : composite.Transformer;
        }

        return LoadOrNull<ITransformer>(environment, repository, TransformerDirectory) ?? throw new FormatException("it holds no pipeline.");
    }

    private static T? LoadOrNull<T>(IHostEnvironment environment, RepositoryReader repository, string? folder)
        where T : class =>
        ModelLoadContext.LoadModelOrNull<T, SignatureLoadModel>(environment, out var loaded, repository, folder) ? loaded : null;

    private static DataViewSchema? ReadSchema(IHostEnvironment environment, RepositoryReader repository)
    {
        using var entry = repository.OpenEntryOrNull(SchemaCheck.Entry);
        if (entry is null)
        {
            return null;
        }

        using var loader = new BinaryLoader(environment, new BinaryLoader.Arguments(), entry.Stream);
        return ((IDataView)loader).Schema;
    }
}
