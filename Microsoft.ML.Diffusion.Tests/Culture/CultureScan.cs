using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;
using System.Text;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Culture;

/// <summary>
/// Finds, in the code of an assembly, what writes a number with a fraction or a date as the user's culture does: interpolated strings, of which one
/// inside of another does not take the other's culture, sums of texts, and the texts that the compiler gives records. The analyzer for this (CA1305)
/// sees none of them.
/// </summary>
internal static class CultureScan
{
    private static readonly Type[] _builders =
        [typeof(DefaultInterpolatedStringHandler), typeof(StringBuilder.AppendInterpolatedStringHandler)];

    private static readonly HashSet<Type> _ofCulture =
        [
            typeof(double),
            typeof(float),
            typeof(Half),
            typeof(decimal),
            typeof(DateTime),
            typeof(DateTimeOffset),
            typeof(DateOnly),
            typeof(TimeOnly),
            typeof(object),
        ];

    /// <summary>Names each method that does, and what it writes.</summary>
    public static IReadOnlyList<string> Find(Assembly assembly) =>
        [.. MethodCode.Methods(assembly).Where(IsUsed).SelectMany(Find).Distinct()];

    public static IEnumerable<string> Find(MethodBase method) =>
        Interpolated(method).Concat(Plain(method)).Select(type => $"{method.DeclaringType!.FullName}.{method.Name} writes a {type.Name}");

    /// <summary>
    /// Follows the strings of a method: each is built in a local, whose address is pushed for each of its parts, and the innermost is done first.
    /// </summary>
    private static IEnumerable<Type> Interpolated(MethodBase method)
    {
        var locals = method.GetMethodBody()?.LocalVariables;
        var (open, withCulture, made) = (new Stack<int>(), new HashSet<int>(), (MethodBase?)null);
        foreach (var (code, operand) in MethodCode.Instructions(method))
        {
            if (LocalOf(code, operand) is { } local && _builders.Contains(locals![local].LocalType))
            {
                if (made is null)
                {
                    open.Push(local);
                }
                else
                {
                    Note(made, local);
                    made = null;
                }
            }
            else if ((code == OpCodes.Call || code == OpCodes.Callvirt || code == OpCodes.Newobj)
                && MethodCode.Resolve(method, operand) is { } called)
            {
                var isOfBuilder = _builders.Contains(called.DeclaringType);
                if (isOfBuilder && code == OpCodes.Newobj)
                {
                    made = called; // on the stack, and stored next
                }
                else if (isOfBuilder && called is ConstructorInfo)
                {
                    Note(called, open.Pop());
                }
                else if (isOfBuilder
                    && !withCulture.Contains(open.Pop())
                    && called is MethodInfo { IsGenericMethod: true } append
                    && IsOfCulture(append.GetGenericArguments()[0]))
                {
                    yield return append.GetGenericArguments()[0];
                }

                foreach (var _ in called.GetParameters().Where(
                    parameter => parameter.ParameterType.IsByRef && _builders.Contains(parameter.ParameterType.GetElementType())))
                {
                    open.Pop();
                }
            }
        }

        void Note(MethodBase constructor, int local) =>
            _ = Array.Exists(constructor.GetParameters(), parameter => parameter.ParameterType == typeof(IFormatProvider))
                ? withCulture.Add(local)
                : withCulture.Remove(local);
    }

    /// <summary>
    /// Finds calls of ToString without a culture, on the value itself or as of any object, and values that a builder of strings gets as objects.
    /// </summary>
    private static IEnumerable<Type> Plain(MethodBase method)
    {
        var type = (Type?)null;
        foreach (var (code, operand) in MethodCode.Instructions(method))
        {
            if (code == OpCodes.Constrained || code == OpCodes.Box)
            {
                type = MethodCode.ResolveType(method, operand);
                continue;
            }

            if ((code == OpCodes.Call || code == OpCodes.Callvirt) && MethodCode.Resolve(method, operand) is { } called)
            {
                type = called.Name == nameof(ToString)
                    && called.DeclaringType != typeof(object)
                    && called.DeclaringType != typeof(ValueType)
                    ? called.DeclaringType
                    : type;
                var isPlain = called.Name == nameof(ToString) && called.GetParameters().Length == 0;
                var isAppended =
                    called.DeclaringType == typeof(StringBuilder)
                        && called.GetParameters() is [{ ParameterType: var parameter }]
                        && parameter == typeof(object);
                if ((isPlain || isAppended) && type is not null && type != typeof(object) && !type.IsGenericParameter && IsOfCulture(type))
                {
                    yield return type;
                }
            }

            type = null;
        }
    }

    /// <summary>The local whose address an instruction pushes, or that it stores to.</summary>
    private static int? LocalOf(OpCode code, int operand) =>
        code == OpCodes.Ldloca_S || code == OpCodes.Ldloca || code == OpCodes.Stloc_S || code == OpCodes.Stloc ? operand
        : code.Value >= OpCodes.Stloc_0.Value && code.Value <= OpCodes.Stloc_3.Value ? code.Value - OpCodes.Stloc_0.Value
        : null;

    /// <summary>The compiler writes a text for every record, which nobody sees of those that are not public, or that write their own.</summary>
    private static bool IsUsed(MethodBase method) =>
        method.Name != "PrintMembers"
            || (method.DeclaringType!.IsVisible
                && method.DeclaringType.GetMethod(nameof(ToString), Type.EmptyTypes)!.IsDefined(typeof(CompilerGeneratedAttribute), inherit: false));

    private static bool IsOfCulture(Type type) => type.IsGenericParameter || _ofCulture.Contains(Nullable.GetUnderlyingType(type) ?? type);
}
