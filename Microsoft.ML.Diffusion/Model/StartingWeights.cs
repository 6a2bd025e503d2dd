using Microsoft.ML.Diffusion.Networks;

namespace Microsoft.ML.Diffusion.Model;

/// <summary>The weights that training starts from.</summary>
internal static class StartingWeights
{
    /// <summary>Draws weights from a seed.</summary>
    public static NetworkWeights Random(UNetPlan plan, long seed)
    {
        var weights = new NetworkWeights(plan);
        Initialization.Initialize(weights, seed);
        return weights;
    }

    /// <summary>
    /// Takes the weights of a model that <see cref="ModelDescription.CheckCanTrainOn"/> lets through. Classes go by their names: those that the model does not know
    /// start as images without a class, to which nothing is added.
    /// </summary>
    /// <param name="plan">The network to train.</param>
    /// <param name="classNames">Its classes.</param>
    /// <param name="previous">The model.</param>
    public static NetworkWeights Of(UNetPlan plan, IReadOnlyList<string> classNames, DiffusionModel previous)
    {
        var weights = new NetworkWeights(plan);
        if (classNames.SequenceEqual(previous.Description.ClassNames))
        {
            previous.CopyWeightsTo(weights);
            return weights;
        }

        var others = previous.Weights();
        foreach (var weight in plan.Weights)
        {
            if (weight.Kind == WeightKind.Embedding)
            {
                CopyClasses(others, previous.Description.ClassNames, weights, classNames, weight);
            }
            else
            {
                others[weight].CopyTo(weights[weight]);
            }
        }

        return weights;
    }

    private static void CopyClasses(
        NetworkWeights others,
        IReadOnlyList<string> otherNames,
        NetworkWeights weights,
        IReadOnlyList<string> names,
        PlanWeight table)
    {
        var features = table.Shape[1];
        var places = otherNames.Index().DistinctBy(name => name.Item).ToDictionary(name => name.Item, name => name.Index);
        foreach (var (to, name) in names.Index())
        {
            if (places.TryGetValue(name, out var from))
            {
                others[table].Slice(from * features, features).CopyTo(weights[table].Slice(to * features, features));
            }
        }
    }
}
