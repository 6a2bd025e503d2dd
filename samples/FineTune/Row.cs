using Microsoft.ML.Data;
using Microsoft.ML.Diffusion;
using Microsoft.ML.Transforms.Image;

namespace FineTune;

/// <summary>A picture as a row.</summary>
internal sealed class Row
{
    [ImageType(1, 1)] // of some size: that of the model is in the schema
    public required MLImage Image { get; init; }

    /// <summary>The schema of rows of pictures as large as those of a model.</summary>
    public static SchemaDefinition Schema(DiffusionTransformer model)
    {
        var schema = SchemaDefinition.Create(typeof(Row));
        schema[nameof(Image)].ColumnType = new ImageDataViewType(model.ImageHeight, model.ImageWidth);
        return schema;
    }
}
