using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Diffusion;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Diffusion models as services of an application.</summary>
public static class DiffusionServiceExtensions
{
    extension(IServiceCollection services)
    {
        /// <summary>Loads a model and adds one <see cref="BatchingGenerator"/> for it, which all requests of an application share.</summary>
        /// <param name="path">A file that <see cref="DiffusionCatalog.SaveModel"/> or ML.NET's Model.Save wrote.</param>
        /// <param name="configure">How requests are joined; <see langword="null"/> uses the defaults.</param>
        /// <param name="serviceKey">A key, as of <c>FromKeyedServices</c>, to tell several models apart; <see langword="null"/>, the default, is none.</param>
        /// <returns>The services.</returns>
        /// <exception cref="ArgumentOutOfRangeException">An option is outside its range.</exception>
        /// <exception cref="InvalidOperationException">There is a model already, of this key or of none.</exception>
        /// <remarks>
        /// The model is loaded by this call, not by the first request: an application whose file is missing or damaged does not start, and the error says why. It is
        /// freed with the services. <see cref="BatchingGenerator.ReplaceAsync"/> serves another one meanwhile.
        /// </remarks>
        /// <inheritdoc cref="DiffusionCatalog.LoadDiffusionModel" path="/exception"/>
        /// <example>See <c>samples/WebApi</c>.</example>
        public IServiceCollection AddDiffusionModel(
            string path,
            Func<BatchingOptions, BatchingOptions>? configure = null,
            object? serviceKey = null)
        {
            ArgumentNullException.ThrowIfNull(services);
            var options = configure?.Invoke(new BatchingOptions()) ?? new BatchingOptions();
            options.Validate();
            if (services.Any(service => service.ServiceType == typeof(BatchingGenerator) && Equals(service.ServiceKey, serviceKey)))
            {
                throw new InvalidOperationException(
                    $"There is a model {(serviceKey is null ? "without a serviceKey" : string.Create(CultureInfo.InvariantCulture, $"of the serviceKey '{serviceKey}'"))} already. Give each a key of its own, which tells them apart.");
            }

            var model = new LoadedModel(new MLContext().Diffusion.LoadDiffusionModel(path));
            services.AddKeyedSingleton(serviceKey, (_, _) => model);
            return services.AddKeyedSingleton(
                serviceKey,
                (provider, _) => new BatchingGenerator(provider.GetRequiredKeyedService<LoadedModel>(serviceKey).Model, options));
        }
    }

    /// <summary>What the services free after the generator, which shares its weights.</summary>
    private sealed class LoadedModel(DiffusionTransformer model) : IDisposable
    {
        public DiffusionTransformer Model => model;

        public void Dispose() => model.Dispose();
    }
}
