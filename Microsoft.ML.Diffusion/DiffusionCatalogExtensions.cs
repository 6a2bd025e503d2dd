using Microsoft.ML.Data;
using Microsoft.ML.Diffusion;
using Microsoft.ML.Diffusion.Planning;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML;

/// <summary>Image diffusion models in ML.NET's catalogs.</summary>
public static class DiffusionCatalogExtensions
{
    extension(TransformsCatalog catalog)
    {
        /// <summary>Creates a trainer that learns to generate images like those in a column.</summary>
        /// <param name="outputColumnName">Column to create: one generated <see cref="MLImage"/> for each row.</param>
        /// <param name="inputColumnName">Column to learn from: <see cref="MLImage"/>, or a vector [C, H, W] as ExtractPixels makes it; all of one size.</param>
        /// <param name="options">What to learn and how; <see langword="null"/> uses the defaults.</param>
        /// <returns>An estimator whose <c>Fit</c> minimizes the mean squared error of the network's prediction (Ho et al. 2020, eq. 14).</returns>
        /// <exception cref="ArgumentOutOfRangeException">An option is outside its range, or both columns have one name.</exception>
        /// <example>See <c>samples/TrainAndGenerate</c>.</example>
        public DiffusionEstimator DiffusionTrainer(string outputColumnName, string inputColumnName, DiffusionOptions? options = null)
        {
            ArgumentNullException.ThrowIfNull(catalog);
            return new(CatalogUtils.GetEnvironment(catalog), outputColumnName, inputColumnName, options ?? new());
        }

        /// <summary>Creates a trainer that learns to generate images like those in a column, as well as it can in a given time.</summary>
        /// <param name="outputColumnName">Column to create: one generated <see cref="MLImage"/> for each row.</param>
        /// <param name="inputColumnName">Column to learn from: <see cref="MLImage"/>, or a vector [C, H, W] as ExtractPixels makes it; all of one size.</param>
        /// <param name="budget">The time for training, above zero; reading the images and saving the model come on top.</param>
        /// <param name="configure">Sets options; what it sets is never changed. <see langword="null"/> leaves all to the plan.</param>
        /// <returns>
        /// An estimator whose <c>Fit</c> plans first: it looks at the number, size, colours and classes of the images, measures a few steps of two or three networks on
        /// the device, which takes at most about a twentieth of the budget, chooses network, batch, learning rate, warm-up and average, and tells the plan in the log. A run that is resumed from
        /// <see cref="TrainingOptions.CheckpointDirectory"/> goes by the plan in its checkpoint.
        /// </returns>
        /// <remarks>Measured speeds are never quite the same, so two runs of one seed may differ; with the other overloads nothing is measured.</remarks>
        /// <exception cref="ArgumentOutOfRangeException"><paramref name="budget"/> is not above zero, an option is outside its range, or both columns have one name.</exception>
        /// <example>See <c>samples/QuickStart</c>.</example>
        public DiffusionEstimator DiffusionTrainer(
            string outputColumnName,
            string inputColumnName,
            TimeSpan budget,
            Func<DiffusionOptions, DiffusionOptions>? configure = null)
        {
            ArgumentNullException.ThrowIfNull(catalog);
            return new(CatalogUtils.GetEnvironment(catalog), outputColumnName, inputColumnName, new TimeBudget(budget, configure));
        }

        /// <summary>Creates a trainer that learns to generate images like those in a column, which may have any sizes: their middle is resized first.</summary>
        /// <param name="outputColumnName">Column to create: one generated <see cref="MLImage"/> for each row.</param>
        /// <param name="inputColumnName">Column of <see cref="MLImage"/> to learn from. The resized images take its name.</param>
        /// <param name="imageSize">Side length in pixels of the square images to learn from and to generate; a multiple of the network's downsampling factor.</param>
        /// <param name="options">What to learn and how; <see langword="null"/> uses the defaults.</param>
        /// <returns>ML.NET's ResizeImages, cropping at the centre, and the trainer.</returns>
        /// <exception cref="ArgumentOutOfRangeException">An option is outside its range, or the network cannot halve <paramref name="imageSize"/>.</exception>
        public EstimatorChain<DiffusionTransformer> DiffusionTrainer(
            string outputColumnName,
            string inputColumnName,
            int imageSize,
            DiffusionOptions? options = null)
        {
            options ??= new();
            var trainer = catalog.DiffusionTrainer(outputColumnName, inputColumnName, options);
            options.Network.ValidateFor(imageSize, imageSize);
            return catalog
                .ResizeImages(inputColumnName, imageSize, imageSize, cropAnchor: ImageResizingEstimator.Anchor.Center)
                .Append(trainer);
        }
    }

    extension(MLContext context)
    {
        /// <summary>Gets what can be done with image diffusion models besides training them in a pipeline.</summary>
        public DiffusionCatalog Diffusion
        {
            get
            {
                ArgumentNullException.ThrowIfNull(context);
                return new(context);
            }
        }
    }

    extension(ITransformer model)
    {
        /// <summary>Finds the diffusion model in a loaded or fitted pipeline.</summary>
        /// <returns>The one diffusion model in it; it stays part of the pipeline.</returns>
        /// <exception cref="InvalidOperationException">The pipeline holds none, or several.</exception>
        public DiffusionTransformer GetDiffusion()
        {
            ArgumentNullException.ThrowIfNull(model);
            var found = Flatten(model).OfType<DiffusionTransformer>().ToList();
            return found.Count == 1
                ? found[0]
                : throw new InvalidOperationException(
                    $"The pipeline holds {found.Count} diffusion models, expected 1. Take the step you mean from the TransformerChain.");
        }
    }

    private static IEnumerable<ITransformer> Flatten(ITransformer model) =>
        model is IEnumerable<ITransformer> chain ? chain.SelectMany(Flatten) : [model];
}
