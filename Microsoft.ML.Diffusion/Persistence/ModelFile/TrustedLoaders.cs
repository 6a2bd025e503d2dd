namespace Microsoft.ML.Diffusion.Persistence.ModelFile;

/// <summary>The loaders of <see cref="MachineLearningHeader.TrustedAssemblies"/> that only read numbers and texts of a file.</summary>
/// <remarks>
/// <para>A list of what is let in, since a list of what is not would miss the next loader. It holds those that ML.NET saves fitted pipelines with.
/// Missing on purpose: CustomTransformer loads an assembly that is named in its parameters and runs it; ExprTransform compiles code from
/// the file; WordEmbeddingsTransform opens a path from the file, or downloads; LdaTransform hands numbers of the file to native code;
/// DatabaseLoader connects to databases; ImageLoaderTransform opens paths (<see cref="ImageLoadingStep"/> lets one form in).</para>
/// <para>Also missing are the loaders of forms that ML.NET wrote before version 1: data loaders, data transforms and row mappers.</para>
/// </remarks>
internal static class TrustedLoaders
{
    private static readonly HashSet<string> _names = new(
        new[]
        {
            ModelZip.LoaderSignature,

            // Microsoft.ML.Data
            "AffineNormExec", "AnomalyPredXfer", "BinaryPredXfer", "BinarySchemaBindable", "BinNormalizeFunction", "BulkCaliPredExec",
            "CaliPredExec", "CdfNormalizeFunction", "ClusteringPredXfer", "CompositeLoader", "ConcatTransform", "ConvertTransform",
            "CopyTransform", "DropSlotsTransform", "FCCBindable", "FeatureContribution", "FeatWCaliPredExec", "HashTransform",
            "KeyToValueTransform", "KeyToVectorTransform", "LabelSlotNameMapper", "MulticlassPredXfer", "NaiveCalibratTransf",
            "NaiveCaliExec", "Normalizer", "PavCalibratTransf", "PAVCaliExec", "PlattCalibratTransf", "PlattCaliExec", "PMixCaliPredExec",
            "QuantileSchemaBindable", "RankingPredXfer", "RegressionPredXfer", "SchemaBindableCalibrated", "SchemaBindableWrapper",
            "SelectColumnsTransform", "TermTransform", "TextLoader", "TransformerChain", "ValueMappingTransformer",

            // Microsoft.ML.Transforms
            "CharToken", "CMCountTable", "CountTableTransform", "CountTargetEncode", "CountTargetEncoder", "CustomStopWords",
            "DictCountTable", "GaussianSamplerExecutor", "GcnTransform", "KeyToBinaryTransform", "LaplacianSamplerExecutor",
            "NADropTransform", "NaIndicatorTransform", "NAReplaceTransform", "NgramHashTransform", "NgramTransform",
            "ParallelMultiCountTable", "RandGaussFourierExec", "RandLaplacianFourierExec", "RffTransform", "SharedMultiCountTable",
            "StopWordsTransform", "Text", "TextExpandTransform", "TextNormalizerTransform", "TextTransform", "TokenizeTextTransform",

            // Microsoft.ML.ImageAnalytics
            "ImageGrayscaleTransform", "ImagePixelExtractor", "ImageScalerTransform", "VectorToImageConverter",

            // Microsoft.ML.StandardTrainers
            "FAFMPredXfer", "FieldAwareFactMacPredict", "LDSVMBinaryPredictor", "Linear2CExec", "LinearModelStats", "LinearRegressionExec",
            "ModelStats", "MulticlassLinear", "MultiClassLRExec", "MultiClassNaiveBayesPred", "OVAExec", "PKPDExec",
            "PoissonRegressionExec", "PriorPredictor", "RandomPredictor",

            // Microsoft.ML.KMeansClustering, Microsoft.ML.PCA
            "KMeansPredictor", "pcaAnomExec", "PcaTransform",

            // No loaders: parts that their owner reads itself, whose headers name nothing in ML.NET's catalog.
            "BinNormExec", "CustomStopWordsManager", "TermManager", "TextSpanBuffer",

            // Older names of loaders above, which ML.NET writes beside the newer ones.
            "ChooseColumnsFunction", "ConcatFunction", "ConvertFunction", "GcnFunction", "NormalizeFunction",
        }.Select(Normalize),
        StringComparer.Ordinal);

    /// <summary>A loader's signature as ML.NET compares it: without case, and without white space around it.</summary>
    public static string Normalize(string signature) => signature.ToLowerInvariant().Trim();

    /// <param name="signature">The signature in any spelling.</param>
    public static bool Contains(string signature) => _names.Contains(Normalize(signature));
}
