using Microsoft.AspNetCore.Routing;

namespace Diffusion.Tool.Playground;

/// <summary>What stands behind one tab of the page. A tab whose part is absent is hidden.</summary>
internal interface IPlaygroundPart
{
    /// <summary>Gets the name of the tab and of its module: <c>site/tabs/NAME.js</c>.</summary>
    string Name { get; }

    /// <summary>Gets what the tab has to know before anything is asked; <c>parts.NAME</c> of <c>/api/about</c>.</summary>
    object About => new { };

    /// <summary>Adds its addresses, all of which begin with <c>/api/NAME</c>. Those that change something take <see cref="NeedsToken"/>.</summary>
    void Map(IEndpointRouteBuilder routes);
}
