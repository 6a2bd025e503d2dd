using System.Collections;
using System.Reflection;

namespace Microsoft.ML.Diffusion.Tests.Fixtures;

/// <summary>Makes an object of each public type that has a text, with numbers that every culture writes in its own way.</summary>
internal sealed class Instances
{
    private readonly Dictionary<Type, object> _known;

    /// <param name="known">Those that this cannot make, and what is wanted where a base type is.</param>
    public Instances(params IEnumerable<(Type Type, object Value)> known) =>
        _known = known.ToDictionary(entry => entry.Type, entry => entry.Value);

    /// <summary>The public types of an assembly that write their own text and that anyone can make.</summary>
    public static IEnumerable<Type> TypesOf(Assembly assembly) => assembly.GetExportedTypes()
        .Where(type =>
            !type.IsAbstract && !type.IsEnum && type.GetMethod(nameof(ToString), Type.EmptyTypes)!.DeclaringType!.Assembly == assembly)
        .Where(type =>
            type.IsValueType
                || type.GetConstructors().Any(constructor =>
                    !constructor.GetParameters().Any(parameter => parameter.ParameterType.IsByRefLike)));

    public object Of(Type type) =>
        Value(type) ?? throw new InvalidOperationException($"{type.Name} cannot be made here: name one in the test.");

    private object? Value(Type type)
    {
        if (_known.TryGetValue(type, out var known))
        {
            return known;
        }

        if (Nullable.GetUnderlyingType(type) is { } underlying)
        {
            return Value(underlying);
        }

        if (Simple(type) is { } simple)
        {
            return simple;
        }

        return type.IsGenericType && type.IsAssignableTo(typeof(IEnumerable)) ? List(type.GetGenericArguments()[0])
            : type.IsAbstract || type.IsAssignableTo(typeof(Delegate)) ? null
            : Made(type);
    }

    private static object? Simple(Type type) => Type.GetTypeCode(type) switch
    {
        _ when type.IsEnum => Enum.GetValues(type).GetValue(0),
        _ when type == typeof(TimeSpan) => new TimeSpan(12, 3, 4, 5),
        TypeCode.Double => -1234.5,
        TypeCode.Single => -1234.5f,
        TypeCode.Int32 => 1234,
        TypeCode.Int64 => 1234L,
        TypeCode.Boolean => true,
        TypeCode.String => "text",
        _ => null,
    };

    private Array List(Type element)
    {
        var list = Array.CreateInstance(element, 1);
        list.SetValue(Value(element), 0);
        return list;
    }

    /// <summary>Calls the longest constructor with what it must have, and sets what can be set, but for what does not take these values.</summary>
    private object? Made(Type type)
    {
        var constructor = type.GetConstructors().OrderByDescending(candidate => candidate.GetParameters().Length).FirstOrDefault();
        var made =
            constructor?.Invoke(
                [.. constructor.GetParameters().Select(parameter =>
                    parameter.HasDefaultValue ? parameter.DefaultValue : Value(parameter.ParameterType))])
                ?? (type.IsValueType ? Activator.CreateInstance(type) : null);
        foreach (var property in type.GetProperties().Where(property =>
            made is not null && property.CanWrite && property.GetIndexParameters().Length == 0))
        {
            try
            {
                property.SetValue(made, Value(property.PropertyType));
            }
            catch (TargetInvocationException exception) when (exception.InnerException is ArgumentException)
            {
            }
        }

        return made;
    }
}
