using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Microsoft.ML.Diffusion.Persistence.ModelFile;

/// <summary>How the types of a model's config.json are read and written, as code that the compiler makes.</summary>
/// <remarks>Reflection is off in applications that are trimmed, and their types lose the constructors that it would look for.</remarks>
[JsonSerializable(typeof(ModelConfig))]
[JsonSerializable(typeof(ModelConfig.VersionOnly))]
[JsonSerializable(typeof(ModelConfig.RunConfig))]
[JsonSerializable(typeof(JsonObject))]
internal sealed partial class ModelJson : JsonSerializerContext;
